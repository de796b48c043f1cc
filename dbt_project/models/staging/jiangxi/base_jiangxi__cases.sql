{{ config(materialized='view') }}
{{ base_from_contract('jiangxi', 'cases') }}
