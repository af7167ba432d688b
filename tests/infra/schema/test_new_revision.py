"""A new revision stands at the end of its branch, and needs work before anything lets it through."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from infra.errors import BadInput
from infra.manifest import SchemaFiles
from infra.migration_lint.lint import lint
from infra.schema.alembic_branches import AlembicSchema
from infra.schema.models import differences, propose
from infra.schema.new_revision import write_revision
from infra.schema.of_app import schema_at

NOBODYS = "postgresql://u:p@127.0.0.1/x"
FIRST = '''"""First."""
from alembic import op
revision, down_revision, branch_labels, depends_on = "first", None, ("expand",), None
def upgrade():
    op.execute("CREATE TABLE people (id bigint PRIMARY KEY, fax text)")
def downgrade():
    op.execute("DROP TABLE people")
'''


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


MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("people", metadata, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("phone", sa.Text))
sa.Table("teams", metadata, sa.Column("id", sa.BigInteger, primary_key=True), sa.Column("facts", postgresql.JSONB))
"""


def test_what_the_models_add_goes_to_expand_and_what_they_dropped_to_contract(tmp_path: Path, scratch_url: str) -> None:
    files = SchemaFiles(directory="db", models="proposed_models:metadata")
    (tmp_path / "proposed_models.py").write_text(f"from sqlalchemy.dialects import postgresql\n{MODELS}")
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "first.py").write_text(FIRST)

    found = propose(tmp_path, files, "expand", scratch_url, print)
    assert found.left == 1
    (expand,) = write_revision(tmp_path, files, "people get a phone", "expand", found)
    text = expand.read_text()
    assert "op.add_column('people', sa.Column('phone', sa.Text(), nullable=True))" in text
    assert "op.drop_column('people', 'phone')" in text
    assert "from sqlalchemy.dialects import postgresql" in text
    assert "fax" not in text, "an old version still uses it"

    gone = propose(tmp_path, files, "contract", scratch_url, print)
    assert (gone.left, "op.drop_column('people', 'fax')" in gone.upgrade) == (0, True)
    time.sleep(1.1)  # they are numbered by the second
    write_revision(tmp_path, files, "no fax", "contract", gone)
    nothing = propose(tmp_path, files, "expand", scratch_url, print)
    assert (nothing.upgrade, nothing.downgrade, nothing.left) == ("", "", 0)
    schema = AlembicSchema(tmp_path / "db", scratch_url)
    assert differences(tmp_path, files.models, scratch_url, is_strict=True) == []
    assert schema.back_to(("first",), print) == ("first",), "both ways back were written too"


def test_a_message_of_nothing_and_an_unknown_branch_are_refused(tmp_path: Path) -> None:
    files = SchemaFiles(directory="db")
    with pytest.raises(BadInput, match="has no letters"):
        write_revision(tmp_path, files, " ?! ", "expand")
    with pytest.raises(BadInput, match="'shrink' does not exist"):
        write_revision(tmp_path, files, "x", "shrink")
