"""Lock files of pip, Poetry, uv and Pipenv."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from infra.scanners.lockfiles import Lock, Package, line_of, unreadable

_COMMENT = re.compile(r"(^|\s)#.*$")
_INCLUDE = re.compile(r"^(-r|--requirement)[\s=]*(?P<path>\S+)")
_NO_PACKAGE = ("--", "-c", "-i", "-f")  # where to fetch from and how: nothing that is installed
_OPTIONS = re.compile(r"\s--(hash|global-option|config-settings)\b.*$")


def read_requirements(path: str, text: str) -> Lock:
    """`requirements*.txt`: lines `name==version`. Anything else that installs something is unpinned."""
    packages: list[Package] = []
    unpinned: list[tuple[int, str]] = []
    includes: list[tuple[int, str]] = []
    for number, line in _logical_lines(text):
        if included := _INCLUDE.match(line):
            includes.append((number, posixpath.normpath(posixpath.join(posixpath.dirname(path), included["path"]))))
            continue
        if line.startswith(_NO_PACKAGE) and not line.startswith("--editable"):
            continue
        version = _pinned(line)
        if version:
            packages.append(Package("PyPI", canonicalize_name(Requirement(line).name), version, number))
        else:
            unpinned.append((number, line))
    return Lock(tuple(packages), tuple(unpinned), tuple(includes))


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    begun, kept = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        kept += _COMMENT.sub("", line).rstrip()
        if kept.endswith("\\"):
            kept = kept[:-1]
            continue
        if cleaned := _OPTIONS.sub("", kept).strip():
            yield begun, cleaned
        begun, kept = 0, ""


def _pinned(line: str) -> str:
    """The one version that `line` asks for, or an empty text."""
    try:
        specifiers = list(Requirement(line).specifier)
    except InvalidRequirement:
        return ""
    exact = [s.version for s in specifiers if s.operator in ("==", "===") and not s.version.endswith("*")]
    return exact[0] if len(exact) == 1 else ""


def read_poetry_lock(path: str, text: str) -> Lock:
    """`poetry.lock`, lock-version 1.x and 2.x."""
    document = _toml(path, text)
    form = str(document.get("metadata", {}).get("lock-version"))
    if not re.fullmatch(r"[12](\.\d+)*", form):
        raise unreadable(path, f"has lock-version {form}; 1 and 2 are known", "run `poetry lock`")
    return Lock(tuple(_named_versions(path, text, document)))


def read_uv_lock(path: str, text: str) -> Lock:
    """`uv.lock`, version 1."""
    document = _toml(path, text)
    if document.get("version") != 1:
        raise unreadable(path, f"has version {document.get('version')!r}; 1 is known", "run `uv lock`")
    return Lock(tuple(_named_versions(path, text, document)))


def _named_versions(path: str, text: str, document: dict[str, Any]) -> Iterator[Package]:
    for entry in document.get("package", []):
        name, version = entry.get("name"), entry.get("version")
        if not isinstance(name, str):
            raise unreadable(path, "holds a package without a name")
        if isinstance(version, str):
            yield Package("PyPI", canonicalize_name(name), version, line_of(text, f'name = "{name}"'))
        elif not {"editable", "virtual", "directory"} & set(entry.get("source", {})):
            raise unreadable(path, f"{name} has no version")


def read_pipfile_lock(path: str, text: str) -> Lock:
    """`Pipfile.lock`, pipfile-spec 6."""
    try:
        document = json.loads(text)
        form = document["_meta"]["pipfile-spec"]
        entries = [(name, entry) for part in document if part != "_meta" for name, entry in document[part].items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(
            path, f"is not a Pipfile.lock: {type(error).__name__}: {error}", "run `pipenv lock`"
        ) from error
    if form != 6:
        raise unreadable(path, f"has pipfile-spec {form!r}; 6 is known", "run `pipenv lock`")
    packages, unpinned = [], []
    for name, entry in entries:
        line = line_of(text, f'"{name}"')
        version = str(entry.get("version", ""))
        if version.startswith("=="):
            packages.append(Package("PyPI", canonicalize_name(name), version.lstrip("="), line))
        else:
            unpinned.append((line, name))
    return Lock(tuple(packages), tuple(unpinned))


def _toml(path: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise unreadable(path, f"is not TOML: {error}") from error
