{{ base_from_contract('jiangxi', 'case_parties') }}
