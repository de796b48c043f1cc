-- One row per export: whether its version is the highest, whether its control totals are right, and whether it counts.
with

files as (
    select
        *,
        max(version) over (partition by source, provider, dataset, business_date, delivery) as highest_version
    from {{ ref('stg_audit__file_ledger') }}
),

rules as (
    select source, dataset, is_daily, on_critical, least_rows, least_share
    from {{ ref('int_audit__dataset_rule') }}
),

declared_apart as (
    select
        controls.source, controls.provider, controls.dataset, controls.business_date, controls.delivery, controls.version,
        cast(sum(controls.declared_rows) as bigint) as declared_rows
    from {{ source('raw_audit', 'controls') }} as controls
    inner join (select distinct batch_id from files) as known on controls.batch_id = known.batch_id
    group by all
),

declared_latest as (
    select
        source, provider, dataset, business_date, delivery,
        max_by(declared_rows, version) filter (where declared_rows is not null) as declared_rows
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
        cast(sum(rows_read) as bigint) as rows_read,
        max(declared_rows) as declared_rows,
        max(declared_amount) as declared_amount,
        min(reject_code) as reject_code
    from files
    where role in ('data', 'control') and dataset in (select rules.dataset from rules)
    group by all
),

amounts as (
    {%- for source_name, dataset in datasets_with_amount() %}
    select _export_id as export_id, sum(_sent_amount) as amount
    from {{ ref('typed_' ~ source_name ~ '__' ~ dataset) }}
    group by _export_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

measured as (
    select
        exports.*,
        coalesce(exports.declared_rows, declared_latest.declared_rows) as expected_rows,
        amounts.amount,
        rules.is_daily,
        rules.on_critical,
        rules.least_rows,
        rules.least_share,
        waivers.export_id is not null as is_waived,
        count(*) over (
            partition by
                exports.source, exports.provider, exports.dataset, exports.business_date, exports.delivery, exports.version
        ) > 1 as is_conflict
    from exports
    inner join rules on exports.source = rules.source and exports.dataset = rules.dataset
    left join amounts on exports.export_id = amounts.export_id
    left join (select distinct export_id from {{ source('raw_audit', 'waivers') }}) as waivers
        on exports.export_id = waivers.export_id
    left join declared_latest
        on exports.source = declared_latest.source
            and exports.provider = declared_latest.provider
            and exports.dataset = declared_latest.dataset
            and exports.business_date = declared_latest.business_date
            and exports.delivery = declared_latest.delivery
),

-- the exports that cannot be loaded at all, even with a waiver
unloadable as (
    select
        *,
        case when rejected_files > 0 then coalesce(reject_code, 'REJECTED_FILE') when is_conflict then 'VERSION_CONFLICT' end as fatal_code
    from measured
),

-- the largest of the three full exports before
usual as (
    select
        export_id,
        max(rows_read) over (
            partition by source, provider, dataset order by business_date, version, export_id
            rows between 3 preceding and 1 preceding
        ) as usual_rows
    from unloadable
    where mode = 'full' and is_current_version and fatal_code is null
),

judged as (
    select
        unloadable.*,
        usual.usual_rows,
        nullif(concat_ws(
            ',',
            case when unloadable.rejected_files > 0 then unloadable.fatal_code end,
            case
                when unloadable.rejected_files = 0 and unloadable.expected_rows <> unloadable.rows_read then 'CONTROL_ROWS'
            end,
            case
                when unloadable.rejected_files = 0 and unloadable.declared_amount <> coalesce(unloadable.amount, 0) then 'CONTROL_AMOUNT'
            end,
            case
                when unloadable.rejected_files = 0 and unloadable.mode = 'full'
                    and unloadable.rows_read < greatest(
                        unloadable.least_rows, unloadable.least_share * coalesce(usual.usual_rows, 0)
                    ) then 'VOLUME'
            end,
            case when unloadable.is_conflict then 'VERSION_CONFLICT' end
        ), '') as fail_codes
    from unloadable
    left join usual on unloadable.export_id = usual.export_id
),

-- a full export that passes is independent of earlier deltas, so it ends a hold that a delta began
eras as (
    select
        *,
        sum(case when mode = 'full' and is_current_version and (fail_codes is null or is_waived) then 1 else 0 end) over (
            partition by source, provider, dataset order by business_date, version
            rows between unbounded preceding and current row
        ) as era
    from judged
),

held as (
    select
        *,
        on_critical = 'hold' and mode <> 'full' and coalesce(max(
            case when is_current_version and fail_codes is not null and not is_waived and mode <> 'full' then 1 else 0 end
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
    is_daily,
    rejected_files,
    rows_read,
    expected_rows,
    usual_rows,
    declared_amount,
    amount,
    fail_codes,
    is_waived,
    fail_codes is null as passes,
    is_held and (fail_codes is null or is_waived) as is_held,
    is_current_version and not is_held and (fail_codes is null or (is_waived and fatal_code is null)) as counts
from held
