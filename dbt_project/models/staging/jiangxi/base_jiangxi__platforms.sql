{{ base_from_contract('jiangxi', 'platforms') }}
