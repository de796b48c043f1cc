{{ base_from_contract('jiangxi', 'platform_checks') }}
