"""Which revisions to run, in which order: expand and contract are never mixed, and the way back is exact."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from alembic.script import Script, ScriptDirectory

from migrations.history import Applied

EXPAND, CONTRACT = "expand", "contract"


class Unfit(Exception):
    """The revisions cannot be run as asked; the text says which and why, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Plan:
    """The revisions of one version of an app, oldest first, beside what its database has.

    `history` tells of applied revisions whose files this version does not have.
    """

    def __init__(self, scripts: ScriptDirectory, history: Sequence[Applied] = ()) -> None:
        self._scripts = {script.revision: script for script in scripts.walk_revisions()}
        parents = {name: _parents(scripts, script) for name, script in sorted(self._scripts.items())}
        self._order = list(TopologicalSorter(parents).static_order())
        self._parents = {applied.revision: set(applied.parents) for applied in history} | parents
        self._branches = {applied.revision: applied.branch for applied in history}
        for name in self._order:
            self._branches[name] = self._branch_of(self._scripts[name])

    def pending(self, branch: str, heads: tuple[str, ...]) -> list[Script]:
        """Revisions of a branch that are not applied yet, oldest first.

        Raises Unfit when a contract revision that this version does not know took away what it may need.
        """
        done = self._with_ancestors(heads)
        for name in sorted(done - self._scripts.keys()):
            if self._branches[name] == CONTRACT:
                raise Unfit(
                    f"contract revision {name} was applied, which this version does not know: it took something away",
                    "release a version that knows it",
                )
        return [self._scripts[n] for n in self._order if n not in done and self._branches[n] == branch]

    def applicable(self, branch: str, heads: tuple[str, ...]) -> list[Script]:
        """The same, for running. Raises Unfit when one of them needs a pending revision of the other branch."""
        chosen = self.pending(branch, heads)
        met = self._with_ancestors(heads) | {script.revision for script in chosen}
        for script in chosen:
            for parent in sorted(self._parents[script.revision] - met):
                other = self._branches[parent]
                raise Unfit(
                    f"{branch} revision {script.revision} needs {other} revision {parent}, which is not applied",
                    f"run the pending {other} revisions first",
                )
        return chosen

    def undone(self, target: tuple[str, ...], heads: tuple[str, ...]) -> list[Script]:
        """Revisions applied since `target`, newest first. Raises Unfit when the file of one is not here."""
        extra = self._with_ancestors(heads) - self._with_ancestors(target)
        for name in sorted(extra - self._scripts.keys()):
            raise Unfit(f"revision {name} cannot be undone: this version lacks its file", "use the one that brought it")
        return [self._scripts[name] for name in reversed(self._order) if name in extra]

    def known_heads(self, heads: tuple[str, ...]) -> tuple[str, ...]:
        """The newest of this version's own revisions that the database has, which may be ahead of it."""
        done = self._with_ancestors(heads) & self._scripts.keys()
        return tuple(sorted(name for name in done if not any(name in self._parents[other] for other in done)))

    def described(self) -> dict[str, Applied]:
        """Every revision of this version as it is to be written down."""
        return {n: Applied(n, self._branches[n], tuple(sorted(self._parents[n]))) for n in self._order}

    def _branch_of(self, script: Script) -> str:
        # Alembic hands a label on to ancestors too, so the label is read where it was written.
        written = getattr(script.module, "branch_labels", None) or ()
        labels = {written} if isinstance(written, str) else set(written)
        inherited = {self._branches[parent] for parent in _names(script.down_revision)}
        folder = Path(script.path).parent.name
        said = next((found for found in (labels, {folder}, inherited) if found & {EXPAND, CONTRACT}), {EXPAND})
        return CONTRACT if CONTRACT in said else EXPAND

    def _with_ancestors(self, heads: tuple[str, ...]) -> set[str]:
        found: set[str] = set()
        waiting = list(heads)
        while waiting:
            name = waiting.pop()
            if name not in self._parents:
                raise Unfit(
                    f"revision {name} of the database is neither among the {len(self._scripts)} of this version nor in"
                    " the database's own history",
                    "use the version that brought the revision",
                )
            if name not in found:
                found.add(name)
                waiting.extend(self._parents[name])
        return found


def has_way_back(script: Script) -> bool:
    """Whether downgrade() does anything, or has nothing to undo. Read from the source, not by running it."""
    tree = ast.parse(Path(script.path).read_text())
    bodies = {node.name: _does(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    return bodies.get("downgrade", False) or not bodies.get("upgrade", False)


def reason_without(script: Script) -> str:
    """Why there is no way back: the text that the file gives as `no_way_back`; empty when it gives none."""
    return str(getattr(script.module, "no_way_back", "") or "")


def _does(function: ast.FunctionDef) -> bool:
    """Whether there is more than a docstring, `pass` and `raise`."""
    return not all(
        isinstance(node, ast.Pass | ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )


def _parents(scripts: ScriptDirectory, script: Script) -> set[str]:
    needed = [found for name in _names(script.dependencies) for found in scripts.get_revisions(name)]
    return {*_names(script.down_revision), *(found.revision for found in needed if found)}


def _names(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
