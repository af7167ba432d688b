"""Lock files of npm, pnpm and yarn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from infra.scanners.lockfiles import Lock, Package, line_of, unreadable

_PNPM_KEY = re.compile(r"^/?(?P<name>(?:@[^/@]+/)?[^/@]+)[@/](?P<version>\d[^(_]*)")
_YARN_KEY = re.compile(r'^"?(?P<alias>(?:@[^/@"]+/)?[^@"]+)@(?:npm:(?P<name>(?:@[^/@"]+/)?[^@"]+)@)?')
_YARN_VERSION = re.compile(r'^ {2}version "?(?P<version>[^"]+)"?$')


def read_package_lock(path: str, text: str) -> Lock:
    """`package-lock.json` or `npm-shrinkwrap.json`, lockfileVersion 2 and 3."""
    try:
        document = json.loads(text)
        form = document.get("lockfileVersion")
        packages = document.get("packages", {})
        entries = [(key, entry) for key, entry in packages.items() if key]
    except (ValueError, AttributeError) as error:
        raise unreadable(path, f"is not a package lock: {error}", "run `npm install`") from error
    if form not in (2, 3):
        raise unreadable(path, f"has lockfileVersion {form!r}; 2 and 3 are known", "run `npm install` with npm 7 to 11")
    numbers = {key: n for n, line in enumerate(text.splitlines(), 1) if (key := line.strip().partition('": {')[0][1:])}
    found = [_npm_package(path, key, entry, numbers.get(key, 1)) for key, entry in entries]
    return Lock(tuple(package for package in found if package))


def _npm_package(path: str, key: str, entry: Any, line: int) -> Package | None:
    if entry.get("link") or "node_modules/" not in key:
        return None  # a workspace of the app itself
    name = entry.get("name") or key.rpartition("node_modules/")[2]
    if not isinstance(entry.get("version"), str):
        raise unreadable(path, f"{key} has no version", "run `npm install`")
    return Package("npm", name, entry["version"], line)


def read_pnpm_lock(path: str, text: str) -> Lock:
    """`pnpm-lock.yaml`, lockfileVersion 5.x (`/name/1.0.0`), 6.x (`/name@1.0.0`) and 9.x (`name@1.0.0`)."""
    document = _yaml(path, text)
    form = str(document.get("lockfileVersion"))
    if not re.fullmatch(r"(5|6|9)(\.\d+)*", form):
        raise unreadable(
            path, f"has lockfileVersion {form}; 5, 6 and 9 are known", "run `pnpm install` with pnpm 7 to 10"
        )
    packages, unpinned = [], []
    for key in document.get("packages") or {}:
        match = _PNPM_KEY.match(key)
        line = line_of(text, key)
        if match:
            packages.append(Package("npm", match["name"], match["version"], line))
        else:
            unpinned.append((line, f"{key} does not come from a registry"))
    return Lock(tuple(packages), tuple(unpinned))


def read_yarn_lock(path: str, text: str) -> Lock:
    """`yarn.lock`: version 1 by its own format, later ones (with a `__metadata` table) as YAML."""
    if "\n__metadata:" in text:
        return _read_berry_lock(path, text)
    if "# yarn lockfile v1" not in text:
        raise unreadable(path, "has no `# yarn lockfile v1` line", "run `yarn install`")
    return Lock(tuple(_yarn_packages(path, text)))


def _yarn_packages(path: str, text: str) -> Iterator[Package]:
    key, key_line = "", 1
    for number, line in enumerate([*text.splitlines(), "end:"], start=1):
        if line and not line.startswith((" ", "#")):
            if key:
                raise unreadable(path, f"line {key_line}: {key} has no version", "run `yarn install`")
            key, key_line = line.rstrip(":"), number
        elif key and (match := _YARN_VERSION.match(line)):
            yield Package("npm", _yarn_name(path, key), match["version"], key_line)
            key = ""


def _yarn_name(path: str, key: str) -> str:
    match = _YARN_KEY.match(key)
    if not match:
        raise unreadable(path, f"{key} is not a package", "run `yarn install`")
    return match["name"] or match["alias"]


def _read_berry_lock(path: str, text: str) -> Lock:
    entries = {key: entry for key, entry in _yaml(path, text).items() if key != "__metadata"}
    packages = []
    for key, entry in entries.items():
        name, _, version = str(entry.get("resolution", "")).rpartition("@npm:")
        if name:
            packages.append(Package("npm", name, version.partition("::")[0], line_of(text, key)))
        elif "@workspace:" not in str(entry.get("resolution", "")):
            packages.append(Package("npm", _yarn_name(path, key), str(entry.get("version")), line_of(text, key)))
    return Lock(tuple(packages))


def _yaml(path: str, text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise unreadable(path, f"is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise unreadable(path, "is not a YAML table")
    return document
