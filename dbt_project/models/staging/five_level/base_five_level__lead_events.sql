{{ base_from_contract('five_level', 'lead_events') }}
