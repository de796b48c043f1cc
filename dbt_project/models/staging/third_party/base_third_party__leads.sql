{{ base_from_contract('third_party', 'leads', extra_rules=[
    {'code': 'USCC_SCIENTIFIC', 'broken_when': "raw.uscc like '%E+%'"}
]) }}
