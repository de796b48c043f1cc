{{ config(materialized='incremental', pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('five_level', 'leads') }}
