{{ base_from_contract('five_level', 'monitoring_tasks') }}
