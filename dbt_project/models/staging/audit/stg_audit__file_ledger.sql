{{ config(materialized='table') }}

select *
from {{ source('raw_audit', 'ledger') }}
