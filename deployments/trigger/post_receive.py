"""A bare repository on this machine in GitHub's place: its post-receive hook writes the event and calls the same verb.

Git calls it with `old new ref` on standard input for each ref that was pushed (githooks(5)); what it prints, the person
who pushes reads, and the push waits for its end.
"""

from __future__ import annotations

import getpass
import json
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path

from deployments.cli import exit_codes
from deployments.trigger.decide import NO_COMMIT, branches_of
from deployments.trigger.signals import uninterrupted
from infra.commands import command, run
from infra.errors import BadInput, CommandFailed
from infra.files import write_atomically

MARK = "# Written by `pipeline trigger-on-push`: its next call writes it anew."
# Where the pipeline finds its environments and its server, as it was when the hook was made.
KEPT = ("PIPELINE_STATE", "PIPELINE_ENVIRONMENTS", "PREFECT_API_URL")


def install(bare: Path, branches: str) -> Path:
    """Write the hook, which may be repeated. Raises BadInput for what is no bare repository or has another hook."""
    known = branches_of(branches)
    bare = bare.resolve()
    try:
        said = run(command("git", f"--git-dir={bare}", "rev-parse", "--is-bare-repository")).output.strip()
    except CommandFailed as error:
        raise BadInput("bare", f"{bare} is no git repository", "git init --bare it") from error
    if said != "true":
        raise BadInput("bare", f"{bare} has a work tree, which a push would leave behind", "git init --bare another")
    hook = bare / "hooks" / "post-receive"
    if hook.exists() and MARK not in hook.read_text(errors="replace"):
        raise BadInput("bare", f"{hook} is somebody else's", "move it away")
    hook.parent.mkdir(exist_ok=True)
    write_atomically(hook, _script(bare, known), mode=0o755)
    return hook


def _script(bare: Path, branches: Mapping[str, str]) -> str:
    kept = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
    given = kept | {"PIPELINE_BRANCHES": ",".join(f"{one}={where}" for one, where in branches.items())}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items()]
    call = shlex.join([sys.executable, "-m", "deployments.trigger.post_receive", str(bare)])
    return "\n".join(["#!/bin/sh", MARK, *lines, f"exec {call}", ""])


def main() -> int:
    """The hook. Its code is the worst of those of the branches, and git only mentions it: the push is done."""
    bare, branches = Path(sys.argv[1]), branches_of(os.environ["PIPELINE_BRANCHES"])
    worst = 0
    for line in sys.stdin.read().splitlines():
        old, new, ref = line.split(" ", 2)
        branch = ref.removeprefix("refs/heads/")
        if branch == ref or branch not in branches or set(new) == {"0"}:
            print(f"{ref}: nothing is released for it", flush=True)
            continue
        worst = max(worst, _trigger(bare, push_payload(bare, old, new, ref)))
        if worst == exit_codes.CANCELLED:
            break  # whoever pressed Ctrl-C wants no further release
    return worst


def push_payload(bare: Path, old: str, new: str, ref: str) -> dict[str, object]:
    """The parts of GitHub's push payload that are known here, by its names."""
    said = run(command("git", f"--git-dir={bare}", "log", "-1", "--format=%an%x00%s", new)).output
    author, _, subject = said.strip("\n").partition("\x00")
    name = f"local/{bare.name.removesuffix('.git')}"
    return {
        "ref": ref,
        "before": old,
        "after": new,
        "created": old == NO_COMMIT,
        "deleted": False,
        "pusher": {"name": getpass.getuser()},
        "repository": {"full_name": name, "clone_url": str(bare), "fork": False},
        "head_commit": {"id": new, "message": subject, "author": {"name": author}},
    }


def _trigger(bare: Path, payload: Mapping[str, object]) -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(payload, file)
        file.flush()
        given = {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": file.name,
            "GITHUB_REF": str(payload["ref"]),
            "GITHUB_SHA": str(payload["after"]),
            "GITHUB_REPOSITORY": f"local/{bare.name.removesuffix('.git')}",
            "GITHUB_ACTOR": getpass.getuser(),
            # Every push is an event of its own, also one that pushes the same again.
            "GITHUB_RUN_ID": str(uuid.uuid4()),
            "PIPELINE_REPOSITORY": str(bare),
        }
        # What git sets for its hook (GIT_DIR and more) would lead every other git astray.
        rest = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
        words = [str(Path(sys.executable).parent / "pipeline"), "trigger"]
        with subprocess.Popen(words, env=rest | given, stdin=subprocess.DEVNULL) as verb, uninterrupted():
            return verb.wait()  # Ctrl-C reaches it too: it asks the release to go back, and must not be cut in that


if __name__ == "__main__":
    sys.exit(main())
