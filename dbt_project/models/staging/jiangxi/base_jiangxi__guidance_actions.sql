{{ base_from_contract('jiangxi', 'guidance_actions') }}
