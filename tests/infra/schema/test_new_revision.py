"""A new revision stands at the end of its branch, and needs work before anything lets it through."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.manifest import SchemaFiles
from infra.migration_lint.lint import lint
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.new_revision import write_revision
from infra.schema.of_app import schema_at

NOBODYS = "postgresql://u:p@127.0.0.1/x"


@pytest.mark.parametrize("tool", ["alembic", "sql"])
def test_revisions_follow_each_other_and_lack_a_way_back_until_it_is_written(tmp_path: Path, tool: str) -> None:
    files = SchemaFiles(tool=tool, directory="db")  # type: ignore[arg-type] # one of the two
    made = []
    for message, branch in (("Add a phone!", "expand"), ("add more", "expand"), ("drop it", "contract")):
        made += write_revision(tmp_path, files, message, branch)
        time.sleep(1.1)  # they are numbered by the second
    assert len(made) == (3 if tool == "alembic" else 6)
    schema = schema_at(tmp_path, files, NOBODYS)
    expand, contract = schema.written("expand", ()), schema.written("contract", ())
    assert [one.revision.title.rstrip(".") for one in expand] in (
        ["Add a phone!", "add more"],
        ["add a phone", "add more"],
    )
    assert len(contract) == 1
    assert {finding.rule for finding in lint(expand).blocking} == {"no-way-back"}
    if tool == "alembic":
        parents = {one["revision"]: one["parents"] for one in AlembicSchema(tmp_path / "db", NOBODYS).described()}
        first, second, last = (expand[0].revision.id, expand[1].revision.id, contract[0].revision.id)
        assert parents == {first: [], second: [first], last: [second]}


def test_a_message_of_nothing_and_an_unknown_branch_are_refused(tmp_path: Path) -> None:
    files = SchemaFiles(directory="db")
    with pytest.raises(BadInput, match="has no letters"):
        write_revision(tmp_path, files, " ?! ", "expand")
    with pytest.raises(BadInput, match="'shrink' does not exist"):
        write_revision(tmp_path, files, "x", "shrink")
