-- Kept between builds: a provider's coverage of every month adds up.
{{ config(materialized='incremental', partition_by=kept_by('_month'), pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('third_party', 'coverage') }}
