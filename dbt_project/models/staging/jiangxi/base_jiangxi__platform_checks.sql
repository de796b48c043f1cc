{{ config(materialized='view') }}
{{ base_from_contract('jiangxi', 'platform_checks') }}
