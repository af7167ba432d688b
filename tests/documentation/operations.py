"""The table: every command that a page shows outside its console blocks, how it is run, and in which order."""

from __future__ import annotations

from acts_of_operations import (
    attacked,
    contracted,
    fail_a_release,
    fill_in,
    find_point,
    go_into_a_clone,
    hold_one,
    leave_one_in_flight,
    let_it_go,
    platform_is_up,
    pushed,
    remember_moment,
)
from steps_of_operations import APP, PRODUCTION, Step, World

from deployments.twins.documents import documents_folder
from infra.environment import PROJECT_FOLDER

FOR_APP = f"--app {APP} --reason 'a test'"
ATTACKED = f"--env {PRODUCTION} --reason 'a test'"
AT_FIRST = (
    Step("pipeline up", says="prefect-worker"),
    Step("pipeline status", says="local is"),
    Step("pipeline doctor"),
    Step("pipeline doctor --env E"),
    Step("pipeline deploy --env E", says="nothing to do"),
    Step("pipeline deploy --dry-run", {"--dry-run": "--env local --dry-run"}, says="nothing to do"),
    Step("pipeline backup", says="Completed"),
    Step("pipeline backups", says="manual"),
    Step("pipeline verify-backup", says="Proven"),
    Step("pipeline recover"),
)
SCHEMA = (
    Step(
        "pipeline release --repo R --ref X",
        {"R": "{w.repository}", "X": "v1"},
        says="Promoted",
        before=World.version,
    ),
    Step('pipeline migrate generate -m "..." [--branch contract]', says="fill it in", after=fill_in),
    Step("pipeline migrate lint", says="0 unsafe"),
    Step("pipeline migrate lint [--env E]", says="0 unsafe"),
    Step("pipeline migrate apply --ref R", {"R": "v2"}, says="Migrated", before=World.version),
    Step("pipeline migrate verify --ref R", {"R": "v2"}, says="Migrated"),
    Step("pipeline migrate status --app A", says="expand"),
    Step("pipeline migrate promote --ref R --env production", {"R": "v2"}, says="Migrated"),
    Step(
        "prefect deployment run release/local",
        more="--param repository={w.repository} --param ref=v2 --watch",
        says="Promoted",
        after=remember_moment,
    ),
)
BACK_AND_ON = (
    Step("pipeline rollback --app A --reason W", says="RolledBack"),
    Step("pipeline rollback --to-newer", more=FOR_APP, says="RolledBack"),
    Step("pipeline retire --app A", says="Retired"),
    Step("pipeline migrate contract --app A [--apply]", after=contracted),
    Step("pipeline retry RUN", {"RUN": "{w.failed}"}, says="Promoted", before=fail_a_release),
    Step("pipeline retry <run>", {"<run>": "{w.failed}"}, says="Promoted", before=fail_a_release),
    Step(
        'pipeline retry <run> --from-stage "build candidate" --reason ...',
        {"<run>": "{w.failed}"},
        says="Promoted",
        before=fail_a_release,
    ),
    Step("pipeline hold --app A --place --reason W", says="Held", before=leave_one_in_flight),
    Step("pipeline hold --release", more=FOR_APP, says="Released", after=let_it_go),
    Step("pipeline abort", more=f"--app {APP}", says="RolledBack", before=hold_one),
)
FROM_OUTSIDE = (
    Step("pipeline trigger", says="Promoted", before=pushed),
    Step("pipeline trigger --ask-back", says="is Promoted"),
    Step(
        "pipeline preview --pull-request N --repo R --ref X",
        {"N": "8", "R": "{w.repository}", "X": "main"},
        says="Opened",
    ),
    Step("pipeline preview --close", more="--pull-request 8", says="Closed"),
    Step("pipeline under-attack --place", more=ATTACKED, says="Shielded", after=attacked),
    Step("pipeline under-attack --lift", more=ATTACKED, says="Lifted", after=attacked),
    Step('pipeline under-attack --place --env production --reason "..."', says="Shielded", after=attacked),
)
VENDORS = 0 if documents_folder() else 2  # refused where the vendors' own documents are not at hand
MEASURED = (
    Step("pipeline bench NAME --json", {"NAME": "canary"}, more="--only cost", says='"microseconds_per_batch"'),
    Step("pipeline bench canary", more="--only cost", says='"microseconds_per_batch"'),
    Step("pipeline bench canary --json", more="--only cost", says='"microseconds_per_batch"'),
    Step("pipeline bench vendors", more="--only calls", code=VENDORS),
    Step(
        "python -m deployments.pictures --out docs/pictures",
        {"docs/pictures": "{w.folder}/pictures"},
        more="--only run-form",
        says="run-form",
    ),
)
DATA = (
    Step("pipeline restore", code=2, says="--to-time"),
    Step("pipeline restore --to-point", more="{w.point} --dry-run", says="Planned", before=find_point),
    Step("pipeline restore --to-snapshot", more="manual --dry-run", says="Planned"),
    Step(
        "pipeline restore --to-time 2026-01-31T09:00:00+01:00",
        {"2026-01-31T09:00:00+01:00": "{w.moment}"},
        says="Restored",
    ),
    Step("pipeline restore --to-latest", says="Restored"),
    Step("pipeline promote-standby --reason ...", says="StandbyPromoted"),
)
IN_THE_PROJECT = f"-C {PROJECT_FOLDER}"
AT_LAST = (
    Step("make docs", more=IN_THE_PROJECT),
    Step("pre-commit install", says="pre-commit installed at .git/hooks/pre-commit", before=go_into_a_clone),
    Step("pipeline down", says="stopped", after=platform_is_up),
    Step("make down", more=IN_THE_PROJECT, says="stopped", after=platform_is_up),
)
STEPS = (*AT_FIRST, *SCHEMA, *BACK_AND_ON, *FROM_OUTSIDE, *MEASURED, *DATA, *AT_LAST)
# Run by something else, with why; a test looks whether that is so.
BY_A_WALK = {"openssl rand -base64 32": "the key of the environment that the walk of docs/setup.md makes"}
BY_RECIPE = {"pipeline demo": "demo", "pipeline bench chaos --trials 164 --seed 1": "chaos"}
# Ten hours of the same as `make chaos-short`, which a workflow calls; only the number of trials differs.
BUT_FOR_A_NUMBER = {"make chaos": "chaos-short"}
# Each on a platform of its own, in a test of its own, for minutes.
LONG = (
    Step("pipeline bench overhead --json", says='"shell_ratio"'),
    # Without `growth`, which is the same at four sizes: only the largest needs some 20 GB of room.
    Step("pipeline bench database --only backup,growth", {"backup,growth": "backup"}, says='"rpo_seconds"'),
)
