"""Three small warehouses: one that passes every rule, one that breaks every rule, and one that is empty."""

from __future__ import annotations

# The tables that parsing always leaves in a warehouse.
ACCOUNTS = """
create schema if not exists intermediate; create schema if not exists audit;

create table intermediate.int_audit__export_status as
select source, provider, dataset, (timestamp '2023-12-31' - n * interval 1 day)::date as business_date, 1 as version,
    source || dataset || n as export_id, 'delta' as mode, '' as delivery, 0 as rejected_files, 100 as rows_read, 100 as expected_rows,
    null::bigint as usual_rows, null::decimal(18, 2) as amount, null::decimal(18, 2) as declared_amount,
    null::varchar as fail_codes, true as is_current_version, false as is_waived, true as counts, provider = '' as is_daily
from (values ('five_level', '', 'leads'), ('jiangxi', '', 'cases'), ('third_party', 'tp_a', 'leads'))
    as t (source, provider, dataset), range(5) as r (n);

create table audit.row_balance as
select 'jiangxi' as source, '' as provider, 'cases' as dataset, 'f' || n as file_sha256, 100 as rows_read, 98 as rows_loaded,
    0 as rows_quarantined, 2 as rows_superseded
from range(20) as t (n);

create table audit.file_ledger as
select 'jiangxi' as source, '' as provider, 'cases' as dataset, date '2023-12-31' as business_date, 1 as version, 'a.csv' as part,
    'parsed' as status, null::varchar as extra_columns
from range(20);

create table audit.quarantine as
select 'jiangxi' as source, '' as provider, 'cases' as dataset, date '2023-12-31' as business_date, 'a.csv' as original_name,
    7 as row_number, 'TYPE:filed_on' as reason_codes
where false;
"""

GOOD = """
create schema marts; create schema staging;

create table marts.dim_date as
select cast(d as date) as date_on,
    row_number() over (partition by year(d) order by (isodow(d) > 5
        and cast(d as date) not in ('2023-01-28', '2023-10-07', '2024-02-18', '2025-01-26', '2026-02-14')), d)
        <= case year(d) when 2023 then 249 when 2024 then 251 else 248 end as is_working_day
from range(date '2023-01-01', date '2027-01-01', interval 1 day) as t (d);

create table marts.dim_region as
select (360700 + n)::varchar as region_code, (360700 + n)::varchar as current_region_code, false as is_inferred from range(0, 19) as t (n);

create table intermediate.int_code_used as
select 'organ' as code_kind, 'o1' as code, 'jiangxi' as source, 'cases' as dataset, 3 as use_count, true as is_known;

create table marts.dim_organization as
select 'o' || n as org_code, 1 + n % 5 as org_level from range(40) as t (n);

create table marts.dim_platform as
select 'P' || n as platform_code, n = 0 as is_local, date '2020-01-01' as valid_from, date '2021-01-01' as valid_to
from range(2) as t (n);

create table marts.dim_operator as
select 'k' || n as operator_key, 'u' || n as uscc, 'ENTERPRISE' as operator_kind, true as is_uscc_valid
from range(20) as t (n);

create table marts.dim_storefront as
select 's' || n as storefront_key, 'SHOP' as storefront_type, 'TAOBAO' as platform_code, '360702' as region_code,
    date '2023-01-01' as valid_from, case when n < 5 then date '2023-02-01' end as valid_to, n >= 5 as is_current
from range(40) as t (n);

create table marts.fct_storefront_monthly as
select 's' || n as storefront_key, m::date as month_start, true as is_active
from range(200) as t (n), range(date '2023-01-01', date '2023-05-01', interval 1 month) as r (m);

create table marts.fct_lead as
select 'l' || n as lead_key, 'FILED' as result_code, timestamp '2023-01-01' as discovered_at,
    timestamp '2023-01-02' as received_at, timestamp '2023-01-03' as feedback_at, timestamp '2023-01-04' as closed_at,
    0 as returned_count, 1 as source_count, '360702-01' as handling_org_code, '赣市监立案〔2023〕1号' as case_no,
    'V01' as violation_code, '360702' as region_code, 'third_party' as first_source, timestamp '2023-01-02' as dispatched_at
from range(20) as t (n);

-- two hundred more, so that mixes can be compared; none is closed
insert into marts.fct_lead (lead_key, discovered_at, received_at, returned_count, source_count, handling_org_code, violation_code, region_code)
select 'm' || n, timestamp '2023-01-01' + n * interval 1 day, null, 0, 1, '360702-01', 'V0' || n % 3, '36070' || n % 3
from range(300) as t (n);

create table marts.fct_case as
select '赣市监立案〔2023〕' || n || '号' as case_no, date '2023-01-01' as filed_on, date '2023-02-01' as decided_on,
    date '2023-02-02' as served_on, date '2023-02-03' as published_on, 5000::decimal(18, 2) as penalty_total
from range(1, 21) as t (n);

create table marts.fct_case_penalty as
select 'c' || n as case_no, 1 as item_seq, true as is_fine, 5000::decimal(18, 2) as amount, 5000::decimal(18, 2) as paid_amount
from range(20) as t (n);

create table marts.fct_guidance_action as
select 'a' || n as action_no, date '2023-01-01' as acted_on, date '2023-02-01' as rectify_due_on,
    date '2023-01-15' as rectified_on, 'GZ01' as platform_code
from range(20) as t (n);

create table marts.fct_platform_review_issue as
select 'i' || n as issue_no, date '2023-01-01' as found_on, date '2023-01-15' as rectified_on, 'GZ01' as platform_code
from range(20) as t (n);

create table staging.stg_third_party__leads as
select 'V01' as violation_code, 'TAOBAO' as platform_code, '360702' as region_code, date '2023-01-31' as _business_date,
    date '2023-01-15' as found_on, 'u' as uscc
from range(20) as t (n);

create table staging.stg_five_level__leads as
select 'l' || n as lead_no, timestamptz '2023-01-15 08:00:00+08' as discovered_at, date '2023-01-15' as _business_date,
    3 as discovered_by_level
from range(20) as t (n);

create table marts.fct_lead_submission as
select 'l' || n as lead_key, source || n as submission_key, source as source_code, 'JX1' as source_lead_no
from range(20) as t (n), (values ('five_level'), ('jiangxi'), ('third_party')) as s (source);

create table intermediate.int_lead_submission as
select 'l' || n as lead_key, source || n as submission_key, source as source_code, 'FILED' as result_code
from range(20) as t (n), (values ('five_level'), ('jiangxi')) as s (source);

create table marts.fct_lead_event as
select 'l' || n as lead_key, 'L' || n as source_lead_no, 1 as event_seq, timestamp '2023-01-01' + n * interval 1 day as occurred_at
from range(20) as t (n);

create table marts.fct_evidence as
select 'third_party' || n as submission_key, 'tp_a' as provider_code, date '2023-01-31' as business_date, n || '.png' as evidence_file,
    timestamp '2023-01-01' as captured_at, 'MATCH' as hash_status
from range(20) as t (n);

create table audit.mart_input as
select 'fct_lead' as mart_name, 'five_level' as source, 'leads' as dataset, date '2023-12-31' as counts_until;

-- four months, enough for what is compared with what was before
insert into intermediate.int_audit__export_status
    (source, provider, dataset, business_date, version, export_id, mode, delivery, rows_read, is_current_version, is_waived, counts,
    is_daily)
select 'five_level', '', 'scans', cast(d as date), 1, 'scans' || d, 'delta', '', 100, true, false, true, true
from range(date '2023-09-01', date '2024-01-01', interval 1 day) as t (d);

create table staging.stg_jiangxi__cases as
select 'c' || n as case_no, 'JX1' as lead_no, date '2023-01-15' as _business_date, date '2023-01-15' as filed_on, 30 as extension_days from range(20) as t (n);
"""

# Each rule gets rows that break it, and no row breaks a rule about other columns.
BAD = """
update marts.dim_date set is_working_day = true where date_on = '2023-01-01';
update marts.dim_date set is_working_day = false where date_on = '2024-02-18';
update marts.dim_region set region_code = '36070x', current_region_code = '360701' where region_code = '360718';
delete from marts.dim_organization where org_level = 3;
update marts.dim_organization set org_level = 6 where org_code = 'o0';
delete from marts.dim_organization where org_code > 'o2';
update marts.dim_platform set is_local = false, valid_to = '2019-01-01';
update marts.dim_operator set is_uscc_valid = false;
update marts.dim_operator set uscc = null where operator_key > 'k1';
insert into marts.dim_storefront values
    ('x', 'TEAHOUSE', null, null, '2023-02-01', '2023-01-01', true), ('y', 'SHOP', 'UNMAPPED', '110101', '2023-01-01', null, true);
update marts.dim_storefront set region_code = case when storefront_key > 's2' then '110101' end;
delete from marts.fct_storefront_monthly where month_start = '2023-02-01';
delete from marts.fct_storefront_monthly where month_start = '2023-04-01' and storefront_key > 's1';
update marts.fct_lead set case_no = null where lead_key = 'l0';
update marts.fct_lead set result_code = 'FORGOTTEN', closed_at = '2022-01-01', feedback_at = '2022-01-01',
    returned_count = 99, source_count = 4, handling_org_code = null where lead_key > 'l1';
update marts.fct_case set case_no = '赣市监立案[2023]012号', filed_on = '2023-03-01', served_on = '2023-01-01',
    published_on = '2023-01-01', penalty_total = 50000000 where case_no like '%〕7号';
update marts.fct_case_penalty set amount = 20000000 where case_no = 'c1';
update marts.fct_case_penalty set amount = 5 where case_no = 'c3';
update marts.fct_case_penalty set amount = null where case_no = 'c2';
update marts.fct_guidance_action set rectified_on = '2022-01-01', rectify_due_on = '2022-01-01', platform_code = null;
update marts.fct_platform_review_issue set rectified_on = '2022-01-01', platform_code = null;
delete from intermediate.int_audit__export_status where dataset = 'cases' and business_date > '2023-12-27';
update intermediate.int_audit__export_status set business_date = '2023-08-31' where source = 'third_party';
update intermediate.int_audit__export_status set fail_codes = 'CONTROL_ROWS', counts = false where business_date = '2023-12-30';
update intermediate.int_audit__export_status set rows_read = 20 where dataset = 'scans' and business_date >= '2023-12-01';
update marts.fct_lead set violation_code = 'V09', region_code = '360709' where discovered_at > '2023-09-01';
update intermediate.int_lead_submission set result_code = 'UNFOUNDED' where submission_key = 'jiangxi3';
update marts.fct_evidence set hash_status = 'MISSING' where submission_key = 'third_party0';
update marts.fct_evidence set hash_status = 'UNREADABLE' where submission_key = 'third_party1';
update marts.fct_evidence set hash_status = 'MISMATCH', captured_at = '2023-01-03' where submission_key = 'third_party2';
update intermediate.int_code_used set is_known = false;
update marts.fct_lead_event set lead_key = null where source_lead_no = 'L0';
update audit.mart_input set counts_until = null;
update audit.row_balance set rows_loaded = 10, rows_quarantined = 50 where file_sha256 > 'f1';
update staging.stg_third_party__leads set violation_code = 'UNMAPPED', platform_code = 'UNMAPPED', region_code = 'UNMAPPED',
    found_on = '2023-02-15', uscc = null;
update staging.stg_five_level__leads set discovered_at = '2023-02-15 08:00:00+08', discovered_by_level = 7
    where lead_no = 'l1';
update staging.stg_jiangxi__cases set lead_no = 'nobody''s', filed_on = '2023-02-15', extension_days = 1000;
"""

# The rules that only an empty warehouse breaks: volumes.
EMPTY_ONLY = frozenset(
    {"dim_storefront_volume", "fct_lead_volume", "exports_something_counts", "dim_organization_volume"}
)
