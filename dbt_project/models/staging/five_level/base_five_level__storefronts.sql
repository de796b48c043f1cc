{{ base_from_contract('five_level', 'storefronts', extra_rules=[
    {'code': 'REQUIRED:platform_code', 'broken_when': "raw.platform_code is null and raw.storefront_type not in ('SITE', 'APP', 'OA')"}
]) }}
