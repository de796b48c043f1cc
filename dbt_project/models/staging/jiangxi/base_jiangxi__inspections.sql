{{ config(materialized='view') }}
{{ base_from_contract('jiangxi', 'inspections') }}
