-- Kept between builds, because the rosters of all months together are large.
{{ config(materialized='incremental', partition_by=kept_by('_month'), pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('five_level', 'storefronts', extra_rules=[
    {'code': 'REQUIRED:platform_code', 'broken_when': "raw.platform_code is null and raw.storefront_type not in ('SITE', 'APP', 'OA')"}
]) }}
