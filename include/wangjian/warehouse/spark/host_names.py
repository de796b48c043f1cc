"""Write host names in ASCII to a file for Spark.

Over Thrift no Python function can be registered, so Spark looks the results of `idn_to_ascii` up in this file.
"""

from __future__ import annotations

import pyarrow.parquet as pq

from wangjian.core.duckdb_memory import connect_beside
from wangjian.core.files import written_atomically
from wangjian.core.paths import DataRoot
from wangjian.ingestion.sources.contract import load_contract
from wangjian.ingestion.sources.registry import load_registry
from wangjian.warehouse import hosts
from wangjian.warehouse.macros import rendered_macros

FILE = "_snapshot/hosts.parquet"
"""The path of the file in `raw/`; Spark's `raw_audit.idn_to_ascii` reads it."""


def write_host_names(data: DataRoot) -> int:
    """Write the ASCII form of every non-ASCII host in raw URLs; the models' own macro extracts the hosts.

    Args:
        data: the data root. Each dataset and the corrections must have a raw file, even an empty one.

    Returns:
        The number of hosts.
    """
    macro = rendered_macros()
    landed = " union ".join(
        f"select url from read_parquet('{data.raw}/{place}', union_by_name=true, hive_partitioning=false)"
        for place in _places_of_urls()
    )
    corrected = f"select right_value from read_parquet('{data.raw}/_corrections/*/*.parquet') where column_name = 'url'"
    path = data.raw / FILE
    with connect_beside(path) as connection:
        hosts.register(connection)
        beyond = f"select {macro('url_own_host', 'url')} as host from ({landed} union {corrected}) as urls (url)"
        written = connection.sql(
            f"select host, idn_to_ascii(host) as host_in_ascii "
            f"from (select distinct host from ({beyond} where not {macro('matches', 'url', '^[ -~]*$')})) where host is not null"
        ).to_arrow_table()
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_atomically(path) as temporary:
        pq.write_table(written, temporary)
    return int(written.num_rows)


def _places_of_urls() -> list[str]:
    """Return patterns of the files of the datasets that have a column `url`."""
    return [
        f"{source}/{name}/*/*.parquet"
        for source in load_registry()
        for name, dataset in load_contract(source).items()
        if any(column.name == "url" for column in dataset.columns)
    ]
