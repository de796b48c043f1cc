-- One row per export: whether its version holds, whether it passes its control totals, and whether it counts.
with

files as (
    select
        *,
        max(version) over (partition by source, provider, dataset, business_date, delivery) as highest_version
    from {{ ref('stg_audit__file_ledger') }}
),

rules (source, dataset, on_critical) as (
    values
    {%- for source_name, dataset, node in contract_datasets() %}
    ('{{ source_name }}', '{{ dataset }}', '{{ node.config.meta.on_critical }}'),
    {%- endfor %}
    ('', '', '')
),

declared_apart as (
    select
        controls.source, controls.provider, controls.dataset, controls.business_date, controls.delivery, controls.version,
        sum(controls.declared_rows) as declared_rows
    from {{ source('raw_audit', 'controls') }} as controls
    inner join (select distinct batch_id from files) as known on controls.batch_id = known.batch_id
    group by all
),

declared_latest as (
    select source, provider, dataset, business_date, delivery, max_by(declared_rows, version) as declared_rows
    from declared_apart
    group by all
),

exports as (
    select
        export_id,
        source,
        provider,
        dataset,
        business_date,
        delivery,
        mode,
        version,
        version = highest_version as is_current_version,
        count(*) filter (where status = 'rejected') as rejected_files,
        sum(rows_read) as rows_read,
        max(declared_rows) as declared_rows,
        max(declared_amount) as declared_amount,
        min(reject_code) as reject_code
    from files
    where role in ('data', 'control') and dataset in (select rules.dataset from rules)
    group by all
),

amounts as (
    select _export_id as export_id, sum(try_cast(amount as decimal(18, 2))) as amount
    from {{ source('jiangxi', 'case_penalties') }}
    where _batch_id in (select batch_id from files)
    group by _export_id
),

judged as (
    select
        exports.*,
        coalesce(exports.declared_rows, declared_latest.declared_rows) as expected_rows,
        amounts.amount,
        rules.on_critical,
        nullif(concat_ws(
            ',',
            case when exports.rejected_files > 0 then coalesce(exports.reject_code, 'REJECTED_FILE') end,
            case
                when exports.rejected_files = 0
                    and coalesce(exports.declared_rows, declared_latest.declared_rows) <> exports.rows_read then 'CONTROL_ROWS'
            end,
            case
                when exports.rejected_files = 0 and exports.declared_amount <> coalesce(amounts.amount, 0) then 'CONTROL_AMOUNT'
            end,
            case
                when count(*) over (
                        partition by
                            exports.source, exports.provider, exports.dataset, exports.business_date, exports.delivery, exports.version
                    ) > 1 then 'VERSION_CONFLICT'
            end
        ), '') as fail_codes
    from exports
    inner join rules on exports.source = rules.source and exports.dataset = rules.dataset
    left join amounts on exports.export_id = amounts.export_id
    left join declared_latest
        on exports.source = declared_latest.source
            and exports.provider = declared_latest.provider
            and exports.dataset = declared_latest.dataset
            and exports.business_date = declared_latest.business_date
            and exports.delivery = declared_latest.delivery
),

-- a full export that passes stands for itself: it ends a hold that a delta before it began
eras as (
    select
        *,
        sum(case when mode = 'full' and is_current_version and fail_codes is null then 1 else 0 end) over (
            partition by source, provider, dataset order by business_date, version
            rows between unbounded preceding and current row
        ) as era
    from judged
),

held as (
    select
        *,
        on_critical = 'hold' and mode <> 'full' and coalesce(max(
            case when is_current_version and fail_codes is not null and mode <> 'full' then 1 else 0 end
        ) over (
            partition by source, provider, dataset, era order by business_date
            range between unbounded preceding and current row
        ), 0) = 1 as is_held
    from eras
)

select
    export_id,
    source,
    provider,
    dataset,
    business_date,
    delivery,
    mode,
    version,
    is_current_version,
    rejected_files,
    rows_read,
    expected_rows,
    declared_amount,
    amount,
    fail_codes,
    fail_codes is null as passes,
    is_held and fail_codes is null as is_held,
    is_current_version and fail_codes is null and not is_held as counts
from held
