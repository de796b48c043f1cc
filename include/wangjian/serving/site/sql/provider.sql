select provider_code, provider_name, provider_name_en
from marts.dim_provider
order by provider_code
