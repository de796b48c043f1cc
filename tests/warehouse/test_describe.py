"""The documentation of the models gives each column's name and level."""

from __future__ import annotations

from wangjian.warehouse.docs import labelled
from wangjian.warehouse.labels import load_labels


def test_a_column_has_its_label_or_its_own_description_and_its_level() -> None:
    columns = {"lead_key": {}, "operator_name": {"description": "own words"}, "not_published": {"description": "x"}}
    manifest = {"nodes": {"model.fct_lead": {"name": "fct_lead", "columns": columns}}}
    labelled(manifest, load_labels())
    assert {name: column["description"] for name, column in columns.items()} == {
        "lead_key": "统一线索键 | Key of the unified lead [内部 Internal]",
        "operator_name": "own words [敏感 Sensitive]",
        "not_published": "x",
    }
