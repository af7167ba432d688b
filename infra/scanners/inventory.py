"""What a version installs: every locked package, and everything that keeps us from knowing one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from infra.errors import BadInput
from infra.scanners import Finding
from infra.scanners.lockfiles import Ecosystem, Lock, Package, Parser, read_lock
from infra.scanners.lockfiles.npm import read_package_lock, read_pnpm_lock, read_yarn_lock
from infra.scanners.lockfiles.pypi import read_pipfile_lock, read_poetry_lock, read_requirements, read_uv_lock
from infra.scanners.manifests import READABLE, UNSUPPORTED, npm_name, read_needs
from infra.scanners.view import list_files

_PARSERS: dict[str, Parser] = {
    "package-lock.json": read_package_lock,
    "npm-shrinkwrap.json": read_package_lock,
    "pnpm-lock.yaml": read_pnpm_lock,
    "yarn.lock": read_yarn_lock,
    "poetry.lock": read_poetry_lock,
    "uv.lock": read_uv_lock,
    "Pipfile.lock": read_pipfile_lock,
}
_NAMES = {
    "npm": "package-lock.json, pnpm-lock.yaml or yarn.lock",
    "PyPI": "requirements.txt with ==, poetry.lock, uv.lock or Pipfile.lock",
}
_SHOWN = 5


@dataclass(frozen=True)
class Inventory:
    """`files` were gone through by name; `packages` are (lock file, package); `gaps` say what is not known."""

    files: int
    locks: int
    packages: tuple[tuple[str, Package], ...]
    gaps: tuple[Finding, ...]


def take_inventory(folder: Path) -> Inventory:
    """Read every lock file and manifest below `folder`. Raises BadInput when it is no folder or holds no file."""
    files = list_files(folder)
    locks: dict[PurePosixPath, Lock] = {}
    gaps: list[Finding] = []
    for path in files:
        if parser := _parser(path):
            try:
                locks[path] = read_lock(parser, str(path), _text(folder, path))
            except BadInput as problem:
                gaps.append(gap("unreadable-lock", path, problem.message, problem.hint))
    for path, lock in locks.items():
        gaps += _lock_gaps(path, lock, locks)
    gaps += _manifest_gaps(folder, files, locks)
    gaps += [
        gap("unsupported-ecosystem", path, f"{UNSUPPORTED[path.name]} is not looked up here", "scan it in another way")
        for path in files
        if path.name in UNSUPPORTED
    ]
    packages = tuple((str(path), package) for path, lock in locks.items() for package in lock.packages)
    return Inventory(len(files), len(locks), packages, tuple(gaps))


def gap(rule: str, path: PurePosixPath | str, problem: str, fix: str, line: int = 1) -> Finding:
    """A finding that says what is not known: critical, so that it closes the gate at every severity setting."""
    return Finding("dependencies", rule, "critical", str(path), line, f"{problem}; {fix}")


def _parser(path: PurePosixPath) -> Parser | None:
    if path.name == "requirements.lock" or (
        path.suffix == ".txt" and ("requirements" in path.stem or path.parent.name == "requirements")
    ):
        return read_requirements
    return _PARSERS.get(path.name)


def _text(folder: Path, path: PurePosixPath) -> str:
    try:
        return (folder / path).read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise BadInput(str(path), f"cannot be read: {error}", "save it as UTF-8") from error


def _lock_gaps(path: PurePosixPath, lock: Lock, locks: dict[PurePosixPath, Lock]) -> Iterator[Finding]:
    for line, text in lock.unpinned:
        yield gap("unpinned", path, f"`{text}` does not say one version", "pin it with == or lock it", line)
    for line, included in lock.includes:
        if PurePosixPath(included) not in locks:
            yield gap(
                "unreadable-lock", path, f"builds on {included}, which was not read", "add it, or rename it", line
            )


def _manifest_gaps(folder: Path, files: Iterable[PurePosixPath], locks: dict[PurePosixPath, Lock]) -> Iterator[Finding]:
    manifests = [path for path in files if path.name in READABLE]
    own = {npm_name(_text(folder, path)) for path in manifests if path.name == "package.json"}
    for path in manifests:
        try:
            needs = read_needs(path, _text(folder, path)) - own
        except BadInput as problem:
            yield gap("unreadable-manifest", path, problem.message, problem.hint)
            continue
        yield from _unlocked(path, READABLE[path.name], needs, locks)


def _unlocked(
    path: PurePosixPath, ecosystem: Ecosystem, needs: frozenset[str], locks: dict[PurePosixPath, Lock]
) -> Iterator[Finding]:
    """What `path` needs and no lock file beside it or above it (a workspace's) holds."""
    near = [lock for where, lock in locks.items() if path.parent.is_relative_to(where.parent)]
    locked = {p.name for lock in near for p in lock.packages if p.ecosystem == ecosystem}
    if missing := sorted(needs - locked):
        shown = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        yield gap(
            "not-locked",
            path,
            f"no lock file says which version of {shown} is installed",
            f"commit {_NAMES[ecosystem]}",
        )
