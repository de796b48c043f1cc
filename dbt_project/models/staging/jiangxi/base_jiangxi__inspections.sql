{{ base_from_contract('jiangxi', 'inspections') }}
