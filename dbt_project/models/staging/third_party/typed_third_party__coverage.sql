-- Kept between builds, because the coverage of all months together is large.
{{ config(materialized='incremental', partition_by=kept_by('_month'), pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('third_party', 'coverage') }}
