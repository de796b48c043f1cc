{{ base_from_contract('five_level', 'leads') }}
