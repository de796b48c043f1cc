{{ base_from_contract('third_party', 'coverage') }}
