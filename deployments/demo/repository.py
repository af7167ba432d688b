"""Makes a real git repository of a demo app: one commit and one annotated tag per version, always with the same ids."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.commands import Command, run
from infra.errors import BadInput, CommandFailed
from infra.files import make_folder

APPS = Path(__file__).parent / "apps"
# Commit ids are hashes over names and dates too, so both are fixed; a day lies between two versions.
_DAY_ONE = 1_767_261_600
_DAY_SECONDS = 86_400
_PERSON = {"NAME": "SecuryFlex Demo", "EMAIL": "demo@securyflex.invalid"}


@dataclass(frozen=True)
class DemoRepository:
    """A git repository on branch `main`; `commits` maps each tag (v1, v2, ...) to its 40-digit commit id."""

    folder: Path
    app: str
    commits: Mapping[str, str]


def create_repository(folder: Path, app: str = "securyflex") -> DemoRepository:
    """Make the repository of `app` at `folder`, or find it there already.

    Raises BadInput for an app that does not exist, and for a folder that holds anything else.
    """
    folder = folder.absolute()
    versions = _versions(app)
    make_folder(folder.parent)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as workshop:
        fresh = Path(workshop) / "repository"
        commits = _build(fresh, versions)
        if not _is_vacant(folder):
            _check_same(folder, app, commits)
        else:
            # Renaming onto an empty folder is one step, so nobody ever sees half a repository.
            fresh.rename(folder)
    return DemoRepository(folder, app, commits)


def _versions(app: str) -> tuple[Path, ...]:
    known = sorted(path.name for path in APPS.iterdir() if path.is_dir())
    if app not in known:
        raise BadInput("app", f"there is no demo app {app!r}", f"choose one of {', '.join(known)}")
    return tuple(sorted(path for path in (APPS / app).iterdir() if path.is_dir()))


def _build(folder: Path, versions: tuple[Path, ...]) -> dict[str, str]:
    # Without templates: hooks and settings of this machine have no place in it.
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main", "--object-format=sha1", "--template=")
    return {overlay.name: _commit(folder, overlay, day) for day, overlay in enumerate(versions)}


def _commit(folder: Path, overlay: Path, day: int) -> str:
    """Lay the files of one version over those of the one before, and commit and tag the result."""
    shutil.copytree(
        overlay,
        folder,
        copy_function=shutil.copyfile,
        ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage", "coverage.json", "node_modules"),
        dirs_exist_ok=True,
    )
    _git(folder, "add", "--all", day=day)
    _git(folder, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", f"Release {overlay.name}", day=day)
    _git(folder, "tag", "--annotate", "--no-sign", "-m", overlay.name, overlay.name, day=day)
    return _git(folder, "rev-parse", "HEAD")


def _is_vacant(folder: Path) -> bool:
    if folder.is_dir():
        return not any(folder.iterdir())
    if folder.exists():
        raise BadInput("folder", f"{folder} is not a folder", "choose another path")
    return True


def _check_same(folder: Path, app: str, commits: Mapping[str, str]) -> None:
    found = _tags(folder)
    wrong = [
        f"{tag} is {found.get(tag, 'missing')}, not {commit}"
        for tag, commit in commits.items()
        if found.get(tag) != commit
    ]
    if wrong:
        raise BadInput(
            "folder",
            f"{folder} holds something other than the demo app {app}: {'; '.join(wrong)}",
            "move it away, or choose another folder",
        )


def _tags(folder: Path) -> dict[str, str]:
    """Tags of exactly this folder's repository, not of one that happens to lie around it."""
    if not (folder / ".git").is_dir():
        return {}
    try:
        lines = _git(folder, "for-each-ref", "--format=%(refname:short) %(*objectname)", "refs/tags").splitlines()
    except CommandFailed:
        # A .git that git cannot read is simply something else.
        return {}
    return {tag: commit for tag, _, commit in (line.partition(" ") for line in lines)}


def _git(folder: Path, *words: str, day: int = 0) -> str:
    date = f"{_DAY_ONE + day * _DAY_SECONDS} +0000"
    people = {f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in _PERSON.items()}
    # The settings of the person who runs the demo (line endings, signing, ignores) would change the ids.
    alone = {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    return run(Command(("git", *words), folder, people | alone | dates, timeout_seconds=60)).output.strip()
