"""What happens around the steps of the scenario: what they need before, and what is true after them."""

from __future__ import annotations

import datetime
import json
import subprocess
from pathlib import Path

import psycopg
from apps import git
from steps_of_operations import APP, ILL, WAITING, WELL, World

from infra.environment import PROJECT_FOLDER
from infra.local.platform import bring_up
from infra.platform import connect

EXPAND = ("ALTER TABLE shifts ADD COLUMN note text;\n", "ALTER TABLE shifts DROP COLUMN note;\n")
CONTRACT = ("-- contract\nALTER TABLE shifts DROP COLUMN old;\n", "ALTER TABLE shifts ADD COLUMN old text;\n")
SHIELDS = {"--place": "under_attack", "--lift": "medium"}


def fill_in(world: World) -> None:
    """Write what `generate` leaves to a person, into the files that it named."""
    named = [Path(line) for line in world.terminal.log[-1].splitlines() if line.endswith(".sql")]
    up, down = (world.repository / path for path in named)
    is_contract = "--branch contract" in world.terminal.typed[-1]
    assert is_contract == ("-- contract" in up.read_text())
    for file, text in zip((up, down), CONTRACT if is_contract else EXPAND, strict=True):
        file.write_text(text)


def contracted(world: World) -> None:
    """The column is gone exactly when that was asked for."""
    asked = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'shifts' AND column_name = 'old'"
    with psycopg.connect(connect(world.environment, APP).database.url(APP)) as connection:
        assert connection.execute(asked).fetchone() == (0 if "--apply" in world.terminal.typed[-1] else 1,)


def remember_moment(world: World) -> None:
    """A time to return to."""
    world.moment = datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def find_point(world: World) -> None:
    """The newest restore point."""
    _code, said = world.terminal.type("pipeline backups --json")
    world.point = json.loads(said)["points"][0]["name"]


def fail_a_release(world: World) -> None:
    """A release that ends at its smoke tests, whose reason is mended before anybody retries it."""
    world.smoke(ILL)
    over = world.over(world.start(world.version()))
    assert over.outcome in ("GateClosed", "RolledBack"), over.message
    world.failed = over.id
    world.smoke(WELL)


def leave_one_in_flight(world: World) -> None:
    """A release that waits in its smoke tests until it is let go."""
    for name in ("began", "open"):
        (world.folder / name).unlink(missing_ok=True)
    world.smoke(WAITING)
    world.flight = world.start(world.version())
    world.until("the smoke tests", lambda: (world.folder / "began").exists())
    world.smoke(WELL)


def let_it_go(world: World) -> None:
    """The release in flight goes on to its end, as nobody holds it."""
    assert world.flight is not None
    (world.folder / "open").touch()
    assert world.over(world.flight).outcome == "Promoted"


def hold_one(world: World) -> None:
    """A release that stays before its first visitors, so that it cannot end before it is aborted."""
    leave_one_in_flight(world)
    assert world.terminal.type(f"pipeline hold --app {APP} --place --reason 'to be aborted'")[0] == 0
    (world.folder / "open").touch()


def pushed(world: World) -> None:
    """What GitHub's runner sets for a push to main."""
    sha = git(world.repository, "rev-parse", world.version())
    event = {"ref": "refs/heads/main", "before": "b" * 40, "after": sha, "deleted": False}
    (world.folder / "event.json").write_text(json.dumps(event))
    world.terminal.variables |= {
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(world.folder / "event.json"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": sha,
        "GITHUB_ACTOR": "ann",
        "GITHUB_RUN_ID": world.folder.name,
        "PIPELINE_REPOSITORY": str(world.repository),
        "PIPELINE_BRANCHES": "main=local",
    }


def attacked(world: World) -> None:
    """The vendor's zone is as the command had it."""
    (shield,) = [level for word, level in SHIELDS.items() if word in world.terminal.typed[-1]]
    assert world.twins.cloudflare.state.level == shield


def go_into_a_clone(world: World) -> None:
    """Of this project: its own hooks are left alone."""
    world.terminal.folder = world.folder / "clone"
    subprocess.run(["git", "clone", "-q", str(PROJECT_FOLDER), str(world.terminal.folder)], check=True)


def platform_is_up(world: World) -> None:
    """Again, for what comes next: its data stayed."""
    bring_up(world.environment, print)
