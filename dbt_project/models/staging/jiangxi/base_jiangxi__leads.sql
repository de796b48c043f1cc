{{ base_from_contract('jiangxi', 'leads') }}
