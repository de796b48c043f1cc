-- Cases (件), accumulating snapshot. Legal time limits come from the versioned rules and are never written here.
with

ranked as (
    select *, row_number() over (partition by case_no order by {{ latest_first() }}) as nth
    from {{ ref('stg_jiangxi__cases') }}
),

penalties as (
    select
        case_no,
        sum(amount) filter (where is_fine or is_confiscation) as penalty_total,
        count(*) filter (where penalty_type <> 'WARNING') as items_beyond_warning
    from {{ ref('fct_case_penalty') }}
    group by case_no
),

limits as (
    select
        ranked.*,
        {{ todays_region('regions', 'ranked.region_code') }} as current_region_code,
        coalesce(penalties.penalty_total, 0) as penalty_total,
        {{ add_days(
            'ranked.filed_on',
            'decide.day_count + coalesce(ranked.extension_days, 0) + coalesce(ranked.excluded_days, 0)'
        ) }} as raw_due_on,
        publish.day_count as publish_day_count,
        double_publish.day_count as double_publish_day_count,
        ranked.decision_type = 'PENALTY' and ranked.procedure = 'ORDINARY'
        and coalesce(penalties.items_beyond_warning, 0) > 0 as is_publishable
    from ranked
    left join penalties on ranked.case_no = penalties.case_no
    left join {{ ref('dim_deadline_rule') }} as decide on {{ rule_on('decide', 'D02', 'ranked.filed_on') }}
    left join {{ ref('dim_deadline_rule') }} as publish on {{ rule_on('publish', 'D12', 'ranked.decided_on') }}
    left join {{ ref('dim_deadline_rule') }} as double_publish on {{ rule_on('double_publish', 'D14', 'ranked.decided_on') }}
    left join {{ ref('seed_region') }} as regions on ranked.region_code = regions.region_code
    where ranked.nth = 1
),

working_days as (
    select date_on, working_day_seq, is_provisional
    from {{ ref('dim_date') }}
    where is_working_day
),

due as (
    select
        limits.*,
        -- a limit in calendar days that ends on a day off moves to the next working day
        rolled.date_on as decision_due_on,
        coalesce(rolled.is_provisional or ends.is_provisional, false) as is_decision_due_provisional,
        case when limits.is_publishable then published_by.date_on end as published_due_on,
        coalesce(limits.is_publishable and published_by.is_provisional, false) as is_published_due_provisional,
        case when limits.is_publishable then double_published_by.date_on end as double_published_due_on
    from limits
    left join {{ ref('dim_date') }} as ends on limits.raw_due_on = ends.date_on
    left join working_days as rolled
        on rolled.working_day_seq = ends.working_day_seq + case when ends.is_working_day then 0 else 1 end
    left join {{ ref('dim_date') }} as decided on limits.decided_on = decided.date_on
    left join working_days as published_by
        on decided.working_day_seq + limits.publish_day_count = published_by.working_day_seq
    left join working_days as double_published_by
        on decided.working_day_seq + limits.double_publish_day_count = double_published_by.working_day_seq
)

select
    case_no,
    {{ case_no_is_valid('case_no') }} and prefixes.case_no_prefix is not null as is_case_no_valid,
    case
        when not {{ case_no_is_valid('case_no') }} then 'FORMAT'
        when prefixes.case_no_prefix is null then 'UNKNOWN_PREFIX'
    end as case_no_invalid_reason,
    cause,
    {{ json_list_first('violation_codes') }} as violation_code,
    category_code,
    platform_code,
    org_code,
    due.current_region_code as region_code,
    procedure,
    filed_on,
    investigated_on,
    legal_reviewed_on,
    notified_on,
    hearing_on,
    decided_on,
    decision_no,
    decision_type,
    transfer_target,
    served_on,
    published_on,
    closed_on,
    coalesce(extension_days, 0) as extension_days,
    coalesce(excluded_days, 0) as excluded_days,
    decision_due_on,
    is_decision_due_provisional,
    {{ days_between('filed_on', 'decided_on') }} as decision_calendar_days,
    published_due_on,
    is_published_due_provisional,
    double_published_due_on,
    decided_on is null and decision_due_on < (select as_of_date from {{ ref('int_as_of') }}) as is_overdue,
    coalesce(decided_on > decision_due_on, false) as was_late,
    penalty_total
from due
left join {{ ref('seed_case_no_prefix') }} as prefixes on {{ case_no_prefix('case_no') }} = prefixes.case_no_prefix
