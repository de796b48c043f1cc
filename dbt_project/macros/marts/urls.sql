{#- The canonical form of a URL, for comparing and never for opening: no scheme, no `www.`, host in lower case, no tracking parameters,
    fragment, default port or final slash; path and item or shop ids stay unchanged; a non-ASCII host is written in punycode. -#}

{% macro url_canonical(url) -%}
    {%- set tracking = var('url_tracking_parameters', [
        'utm_[a-z]+', 'spm', 'scm', 'pvid', 'from', 'source', 'ref', 'share_[a-z_]+', 'share', 'track[a-z_]*', 'gclid', 'timestamp', '_t', 'abbucket'
    ]) -%}
    {%- set schemeless = url_schemeless(url) -%}
    {%- set before_query = "split_part(" ~ schemeless ~ ", '?', 1)" -%}
    {%- set path = "substr(" ~ before_query ~ ", length(split_part(" ~ before_query ~ ", '/', 1)) + 1)" -%}
    {%- set query = "'&' || substr(" ~ schemeless ~ ", length(" ~ before_query ~ ") + 2)" -%}
    {%- set untracked = replace_all(query, '&(' ~ tracking | join('|') ~ ')=[^&]*', '') -%}
    {%- set kept = replace_all(replace_all(untracked, '&+', '&'), '^[ &]+|[ ?&/]+$', '') -%}
    nullif(
        {{ host_in_ascii(url_own_host(url), url) }} || {{ replace_first(path, '[ &/]+$', '') }}
        || coalesce('?' || nullif({{ kept }}, ''), ''),
        ''
    )
{%- endmacro %}


{#- A URL without scheme and fragment. -#}
{% macro url_schemeless(url) -%}
    {{ replace_first("split_part(" ~ trimmed(url) ~ ", '#', 1)", '^([A-Za-z][A-Za-z0-9+.-]*:)?//', '') }}
{%- endmacro %}


{#- The host of a URL as written there, in lower case, without `www.` and default port. -#}
{% macro url_own_host(url) -%}
    {%- set written = "lower(split_part(split_part(" ~ url_schemeless(url) ~ ", '?', 1), '/', 1))" -%}
    {{ replace_all(written, '^www[.]|:(80|443)$', '') }}
{%- endmacro %}


{#- 赣南脐橙.cn → xn--…: only non-ASCII hosts go through the slow function; testing the URL is cheaper than testing its host. -#}
{% macro host_in_ascii(host, url) -%}
    case when {{ matches(url, '^[ -~]*$') }} then {{ host }} else {{ idn_to_ascii(host) }} end
{%- endmacro %}

{% macro idn_to_ascii(host) -%}
    {{ return(adapter.dispatch('idn_to_ascii', 'wangjian')(host)) }}
{%- endmacro %}

{#- by dbt_project/profiles.yml the function is registered on each connection (wangjian.warehouse.hosts) -#}
{% macro default__idn_to_ascii(host) -%}
    idn_to_ascii({{ host }})
{%- endmacro %}

{#- over Thrift no Python function can be registered: the ASCII hosts are written before the build (wangjian.warehouse.spark.host_names) -#}
{% macro spark__idn_to_ascii(host) -%}
    raw_audit.idn_to_ascii({{ host }})
{%- endmacro %}


{#- The host part of a canonical URL. -#}
{% macro url_host(canonical) -%}
    nullif({{ replace_first(canonical, '[/?].*$', '') }}, '')
{%- endmacro %}


{#- 赣ICP备2022005379号-1 → 赣ICP备2022005379号: the subject is the part before `-n`. -#}
{% macro icp_root(icp_no) -%}
    nullif({{ replace_first('upper(' ~ trimmed(icp_no) ~ ')', '-[0-9]+$', '') }}, '')
{%- endmacro %}
