"""Manifests: which packages an app says it needs. A need that no lock file answers is a dependency nobody looked at."""

from __future__ import annotations

import json
import tomllib
from pathlib import PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from infra.errors import BadInput
from infra.scanners.lockfiles import Ecosystem

READABLE: dict[str, Ecosystem] = {"package.json": "npm", "pyproject.toml": "PyPI", "Pipfile": "PyPI"}
# Ecosystems without advisories here. Their presence is said, never passed over.
UNSUPPORTED = {
    "go.mod": "Go",
    "Cargo.toml": "crates.io",
    "Gemfile": "RubyGems",
    "composer.json": "Packagist",
    "pom.xml": "Maven",
    "build.gradle": "Maven",
    "build.gradle.kts": "Maven",
    "mix.exs": "Hex",
    "pubspec.yaml": "Pub",
    "bun.lock": "npm by bun",
    "bun.lockb": "npm by bun",
    "deno.lock": "npm by deno",
    "pdm.lock": "PyPI by pdm",
    "pylock.toml": "PyPI by pylock",
}
_LOCAL = ("workspace:", "file:", "link:", "portal:", ".", "/")


def read_needs(path: PurePosixPath, text: str) -> frozenset[str]:
    """The names of the packages, from a registry, that the manifest at `path` asks for directly.

    Raises BadInput when it cannot be read."""
    try:
        if path.name == "package.json":
            return _npm_needs(json.loads(text))
        table = tomllib.loads(text)
        return _pipfile_needs(table) if path.name == "Pipfile" else _pyproject_needs(table)
    except (ValueError, AttributeError, TypeError, InvalidRequirement) as error:
        raise BadInput(str(path), f"cannot be read: {error}", "mend the line it names") from error


def npm_name(text: str) -> str:
    """What a package.json calls itself; empty when it does not say or cannot be read (which `read_needs` reports)."""
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    return str(document.get("name", "")) if isinstance(document, dict) else ""


def _npm_needs(document: dict[str, Any]) -> frozenset[str]:
    needs: set[str] = set()
    for part in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, wanted in (document.get(part) or {}).items():
            if str(wanted).startswith("npm:"):
                needs.add(str(wanted).removeprefix("npm:").rpartition("@")[0] or str(wanted).removeprefix("npm:"))
            elif not str(wanted).startswith(_LOCAL):
                needs.add(name)
    return frozenset(needs)


def _pyproject_needs(table: dict[str, Any]) -> frozenset[str]:
    project = table.get("project", {})
    lines = list(project.get("dependencies", []))
    poetry = table.get("tool", {}).get("poetry", {})
    groups = [poetry.get("dependencies", {})]
    groups += [group.get("dependencies", {}) for group in poetry.get("group", {}).values()]
    names = {Requirement(line).name for line in lines} | {name for group in groups for name in _registry_names(group)}
    return frozenset(canonicalize_name(name) for name in names if name != "python")


def _pipfile_needs(table: dict[str, Any]) -> frozenset[str]:
    names = {name for part in ("packages", "dev-packages") for name in _registry_names(table.get(part, {}))}
    return frozenset(canonicalize_name(name) for name in names)


def _registry_names(group: dict[str, Any]) -> set[str]:
    return {name for name, wanted in group.items() if not (isinstance(wanted, dict) and "path" in wanted)}
