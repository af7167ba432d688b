"""A version with a flag, live for everyone behind a real edge, with the flag off; the version before it beside it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ramp_world import NAME, World

from deployments.demo.repository import APPS
from infra.edge import Target
from infra.hosting import Source
from infra.manifest import read_manifest
from tasks.records import Record, write_record
from tasks.release import Release


def dark(
    world: World, folder: Path, version: str = "v2", changes: Mapping[str, str] = MappingProxyType({})
) -> tuple[Release, str]:
    """The release of that version of the toy app, with `changes` to its shop.py, dark; and its flag."""
    sources = {name: _source(folder / name, name) for name in ("v1", version)}
    shop = folder / version / "shop.py"
    for old, new in changes.items():
        assert old in shop.read_text()
        shop.write_text(shop.read_text().replace(old, new))
    for slot, name in (("blue", "v1"), ("green", version)):
        world.running.append(name)
        hosting, variables = world.platform.hosting, dict(world.platform.flags.variables())
        hosting.build(sources[name], name, variables, str)
        found = hosting.start(name, variables, str)
        world.platform.edge.attach("blue" if slot == "blue" else "green", Target(name, found.address, name))
        world.platform.edge.make_live("blue" if slot == "blue" else "green")
    source = sources[version]
    assert source.manifest.flag
    world.platform.flags.set(source.manifest.flag.name, 0)
    where = (NAME, world.platform.app, source.repository, version, source.version)
    release = Release(version, *where, version, str(source.folder))
    write_record(Record(release, "run", "running", time.time()))
    return release, source.manifest.flag.name


def _source(folder: Path, version: str) -> Source:
    """Each version is the one before and what it changes."""
    for name in sorted(path.name for path in (APPS / "toy-flag").iterdir() if path.name <= version):
        shutil.copytree(APPS / "toy-flag" / name, folder, dirs_exist_ok=True)
    return Source(folder, str(folder), version, "0" * 40, read_manifest(folder))
