"""For contract tests: the vendors' documents, or a skip that says where they should be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deployments.twins.contract import Checked, check_entry
from deployments.twins.documents import VARIABLE, Document, documents_folder, load_document
from deployments.twins.server import Twin
from infra.http import Call


def documents(*names: str) -> list[Document]:
    """The documents called `names`, in the order in which they are asked. Skips the test when they are not here."""
    folder = documents_folder()
    missing = [name for name in names if folder is None or not (folder / name).exists()]
    if folder is None or missing:
        pytest.skip(f"the vendor's document {missing[0]} is not here: point {VARIABLE} to the folder that has it")
    return [load_document(folder / name) for name in names]


def check_log(twin: Twin, found: Sequence[Document], calls: Sequence[Call]) -> list[Checked]:
    """Every call that the twin was asked, held against the documents."""
    by_operation = {call.operation: call for call in calls}
    return [check_entry(entry, found, by_operation) for entry in twin.log if entry.operation]


def check_declared(found: Sequence[Document], calls: Sequence[Call]) -> list[str]:
    """What the declarations say otherwise than the documents: a wrong source, or one that is missing or needless."""
    problems = []
    for call in calls:
        path = call.path.replace("{", "").replace("}", "")
        homes = [document.name for document in found if document.find(call.method, path)]
        if call.source and call.source not in homes:
            problems.append(f"{call.name} is not in {call.source}, but in {homes or 'no document'}")
        if not call.source and homes:
            problems.append(f"{call.name} is declared outside every document, but is in {homes}")
        if not call.source and not call.outside:
            problems.append(f"{call.name} is outside every document and does not say where it is from")
    return problems
