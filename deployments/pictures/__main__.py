"""`python -m deployments.pictures --out docs/pictures`: what a person does in the Prefect UI, done in a real browser.

Needs the local platform up, and a Chromium, which it looks for by its usual names. Some minutes: releases are made.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from deployments.pictures import hold, inspect_run, landing, retry, run_form, schedules
from deployments.pictures.studio import studio

SCENES = {
    "schedules": schedules.play,
    "run-form": run_form.play,
    "inspect-run": inspect_run.play,
    "hold": hold.play,
    "retry": retry.play,
    "landing": landing.play,
}


def main() -> None:
    """Take all pictures, or those of some scenes."""
    words = argparse.ArgumentParser(prog="python -m deployments.pictures", description=__doc__)
    words.add_argument("--out", type=Path, required=True, help="the folder of the pictures")
    words.add_argument("--env", default="local", help="a local environment that is up")
    words.add_argument("--only", default=",".join(SCENES), help=f"of {', '.join(SCENES)}")
    given = words.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder, studio(given.env, Path(folder), given.out) as place:
        for name in given.only.split(","):
            print(f"-- {name}")
            SCENES[name](place)


if __name__ == "__main__":
    main()
