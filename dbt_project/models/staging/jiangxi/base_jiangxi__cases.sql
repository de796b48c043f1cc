{{ base_from_contract('jiangxi', 'cases') }}
