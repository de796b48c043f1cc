-- Kept between builds, because a scan row never changes.
{{ config(materialized='incremental', partition_by=kept_by('_month'), pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('five_level', 'scans') }}
