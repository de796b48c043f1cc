{{ config(materialized='incremental', partition_by=kept_by('_month'), pre_hook="{{ forget_vanished_exports() }}") }}
{{ typed_rows('third_party', 'leads', extra_rules=[
    {'code': 'USCC_SCIENTIFIC', 'broken_when': "raw.uscc like '%E+%'"}
]) }}
