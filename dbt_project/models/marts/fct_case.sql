-- Cases (件), accumulating snapshot. Legal limits come from the versioned rules, never from here.
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
        coalesce(penalties.penalty_total, 0) as penalty_total,
        coalesce(penalties.items_beyond_warning, 0) as items_beyond_warning,
        {{ add_days('ranked.filed_on', 'decide.day_count + coalesce(ranked.extension_days, 0) + coalesce(ranked.excluded_days, 0)') }}
            as raw_due_on,
        publish.day_count as publish_day_count
    from ranked
    left join penalties on ranked.case_no = penalties.case_no
    left join {{ ref('seed_deadline_rule') }} as decide
        on decide.rule_code = 'D02' and ranked.filed_on >= decide.valid_from
            and (decide.valid_to is null or ranked.filed_on < decide.valid_to)
    left join {{ ref('seed_deadline_rule') }} as publish
        on publish.rule_code = 'D12' and ranked.decided_on >= publish.valid_from
            and (publish.valid_to is null or ranked.decided_on < publish.valid_to)
    where ranked.nth = 1
),

working_days as (
    select date_on, working_day_seq
    from {{ ref('dim_date') }}
    where is_working_day
),

due as (
    select
        limits.*,
        -- a calendar limit that ends on an off day rolls to the next working day
        rolled.date_on as decision_due_on,
        case
            when limits.decision_type = 'PENALTY' and limits.procedure = 'ORDINARY' and limits.items_beyond_warning > 0
                then published_by.date_on
        end as published_due_on
    from limits
    left join {{ ref('dim_date') }} as ends on limits.raw_due_on = ends.date_on
    left join working_days as rolled
        on rolled.working_day_seq = ends.working_day_seq + case when ends.is_working_day then 0 else 1 end
    left join {{ ref('dim_date') }} as decided on limits.decided_on = decided.date_on
    left join working_days as published_by on published_by.working_day_seq = decided.working_day_seq + limits.publish_day_count
)

select
    case_no,
    cause,
    {{ json_list_first('violation_codes') }} as violation_code,
    category_code,
    platform_code,
    org_code,
    region_code,
    procedure,
    filed_on,
    investigated_on,
    legal_reviewed_on,
    notified_on,
    hearing_on,
    decided_on,
    decision_no,
    decision_type,
    served_on,
    published_on,
    closed_on,
    decision_due_on,
    {{ days_between('filed_on', 'decided_on') }} as decision_calendar_days,
    published_due_on,
    decided_on is null and decision_due_on < (select as_of_date from {{ ref('int_as_of') }}) as is_overdue,
    penalty_total
from due
