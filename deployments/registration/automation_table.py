"""What Prefect's server does by itself when an environment's runs die, fail or do not begin.

`{{ ... }}` are Prefect's templates. In parameters they are marked as such: one that is not, and begins and ends with
an expression, is taken for JSON, and the action fails without a word in any log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployments.registration.webhook import block_name
from infra.environment import Environment

Rule = dict[str, Any]

RUNS = {"prefect.resource.id": "prefect.flow-run.*"}
# `tell` and what only shows something are not here: a message that cannot be sent must not send messages.
CHANGING = ("release", "way-back", "schema", "backup", "incident")
ASKED = (*CHANGING, "preview", "looks")
RECOVERY = ("recovery",)  # begun every few minutes whatever happens, so that one of its runs says little
# Far above what a server needs to come back: while it is away it hears of nobody, and everybody lives.
SILENT_SECONDS = 600.0
LATE_SECONDS = 300.0
ABSENT_SECONDS = 300.0
AGAIN_SECONDS = 3600.0
# Pending and Running too, which the server itself says: a host may be lost before the first beat has left it.
ALIVE = ["prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.heartbeat"]
BEGUN = ["prefect.flow-run.Running", "prefect.flow-run.Cancelled"]
BAD_ENDS = ["prefect.flow-run.Crashed", "prefect.flow-run.Failed", "prefect.flow-run.WayBackFailed"]
REFUSALS = ["prefect.flow-run.Refused", "prefect.flow-run.GateClosed", "prefect.flow-run.OlderBackupDamaged"]


@dataclass(frozen=True)
class Automation:
    """`actions` are run-deployment with `deployment` and call-webhook with `webhook` instead of an id, or
    change-flow-run-state."""

    name: str
    description: str
    trigger: Rule
    actions: tuple[Rule, ...]


def automations_for(environment: Environment, tag: str) -> list[Automation]:
    """Those of an environment. Where a guard looks after dead runs (local), it is faster than these two."""
    away = [_silent_is_crashed(environment, tag), _crashed_is_recovered(environment, tag)]
    told = [
        _bad_end(environment, tag),
        _refusal(environment, tag),
        _bad_recovery(environment, tag),
        _late(environment, tag),
        _late_recovery(environment, tag),
        _nobody_works(environment),
    ]
    return [*(away if environment.kind != "local" else []), *told]


def _silent_is_crashed(environment: Environment, tag: str) -> Automation:
    """The server refuses it for a run that has ended, so that a late beat does no harm."""
    return Automation(
        f"{environment.name}: a silent run is shown as crashed",
        f"A run that was not heard of for {SILENT_SECONDS:.0f} s has lost its host.",
        _trigger(
            environment, tag, (*ASKED, *RECOVERY), posture="Proactive", after=ALIVE,
            expect=["prefect.flow-run.*"], within=SILENT_SECONDS,
        ),
        ({"type": "change-flow-run-state", "state": "CRASHED",
          "message": f"nothing was heard of it for {SILENT_SECONDS:.0f} s"},),
    )  # fmt: skip


def _crashed_is_recovered(environment: Environment, tag: str) -> Automation:
    """Not `recover` itself: one that always dies would be started for ever. Its schedule tries again."""
    wait = environment.release.dead_after_seconds + 5
    recover = _run("recover", environment, {}) | {"schedule_after": wait}
    return Automation(
        f"{environment.name}: what a crashed run left is recovered",
        f"Begins {wait:.0f} s later, when the environment's lock knows that its holder is dead.",
        _trigger(environment, tag, CHANGING, expect=["prefect.flow-run.Crashed"]),
        (recover,),
    )


def _bad_end(environment: Environment, tag: str) -> Automation:
    return Automation(
        f"{environment.name}: a bad end is told",
        "Crashed, failed by mistake, or a way back that failed: ends of which the run itself may have told nobody.",
        _trigger(environment, tag, ASKED, expect=BAD_ENDS),
        _tell_end(environment, "critical"),
    )


def _refusal(environment: Environment, tag: str) -> Automation:
    """A release tells of its own; of these the run only says it in its state."""
    return Automation(
        f"{environment.name}: a backup or way back that did nothing is told",
        "Refused, or a gate closed: a backup, its proof, a restore, an abort or a roll back that people count on.",
        _trigger(environment, tag, ("way-back", "backup"), expect=REFUSALS),
        _tell_end(environment, "warning"),
    )


def _bad_recovery(environment: Environment, tag: str) -> Automation:
    """Whatever ails it ails the next one too: told once, and once an hour while it lasts."""
    return Automation(
        f"{environment.name}: a recovery that ends badly is told once an hour",
        "What dead processes left may still be there.",
        {**_trigger(environment, tag, RECOVERY, expect=[*BAD_ENDS, *REFUSALS], within=AGAIN_SECONDS),
         "for_each": ["related:deployment:prefect.resource.id"]},
        _tell_end(environment, "critical"),
    )  # fmt: skip


def _late(environment: Environment, tag: str) -> Automation:
    title = "{{ flow_run.name }} should have begun and has not"
    return Automation(
        f"{environment.name}: a run that does not begin is told",
        f"It was late, and {LATE_SECONDS:.0f} s after that it had not begun.",
        _trigger(
            environment, tag, ASKED, posture="Proactive", after=["prefect.flow-run.Late"],
            expect=BEGUN, within=LATE_SECONDS,
        ),
        _tell(environment, title, f"does the worker of pool {environment.name} run?", "critical",
              _page(environment)),
    )  # fmt: skip


def _late_recovery(environment: Environment, tag: str) -> Automation:
    """The next one does the same work. Without it a worker that was away for a day would begin hundreds at once, and
    what people ask for would wait behind them. A concurrency limit does it too, and may end one in the middle."""
    return Automation(
        f"{environment.name}: a recovery that does not begin makes room for the next",
        f"It was late, and {LATE_SECONDS:.0f} s after that it had not begun.",
        _trigger(
            environment, tag, RECOVERY, posture="Proactive", after=["prefect.flow-run.Late"],
            expect=ALIVE + BEGUN, within=LATE_SECONDS,
        ),
        ({"type": "change-flow-run-state", "state": "CANCELLED", "message": "late; the next one does its work"},),
    )  # fmt: skip


def _nobody_works(environment: Environment) -> Automation:
    title = f"nobody takes runs from work pool {environment.name}"
    return Automation(
        f"{environment.name}: a work pool without a worker is told",
        f"No worker was heard of for {ABSENT_SECONDS:.0f} s and more.",
        {
            "type": "event", "posture": "Proactive", "threshold": 1, "within": ABSENT_SECONDS,
            "match": {"prefect.resource.id": "prefect.work-pool.*", "prefect.resource.name": environment.name},
            "after": ["prefect.work-pool.not-ready"], "expect": ["prefect.work-pool.ready"],
            "for_each": ["prefect.resource.id"],
        },
        _tell(environment, title, "start the line that `pipeline deploy` prints", "critical",
              f"{_ui(environment)}/work-pools/work-pool/{environment.name}"),
    )  # fmt: skip


def _trigger(
    environment: Environment,
    tag: str,
    kinds: tuple[str, ...],
    *,
    expect: list[str],
    posture: str = "Reactive",
    after: list[str] | None = None,
    within: float = 0.0,
) -> Rule:
    """Each time for one run that carries our tag, the environment's, and that of one of `kinds`."""
    return {
        "type": "event",
        "posture": posture,
        "match": RUNS,
        "match_related": [_tagged(tag), _tagged(environment.name), _tagged(*kinds)],
        "after": after or [],
        "expect": expect,
        "for_each": ["prefect.resource.id"],
        "threshold": 1,
        "within": within,
    }


def _tagged(*tags: str) -> Rule:
    return {"prefect.resource.role": ["tag"], "prefect.resource.id": [f"prefect.tag.{one}" for one in tags]}


def _tell_end(environment: Environment, level: str) -> tuple[Rule, ...]:
    """How a run ended, and why."""
    title = "{{ flow_run.name }}: {{ flow_run.state.name }}"
    return _tell(environment, title, "{{ flow_run.state.message or '' }}", level, _page(environment))


def _tell(environment: Environment, title: str, body: str, level: str, link: str) -> tuple[Rule, ...]:
    """By the flow `tell`, which a worker has to run; and by the webhook, which needs none."""
    texts = {"title": title, "body": body, "link": link}
    told = _run("tell", environment, {**{key: _template(text) for key, text in texts.items()}, "level": level})
    if not environment.alerts.webhook:
        return (told,)
    return told, {
        "type": "call-webhook",
        "webhook": block_name(environment),
        "payload": _payload(f"{environment.name}: {title}\n{body}\n{link}"),
    }


def _template(text: str) -> Rule | str:
    return {"__prefect_kind": "jinja", "template": text} if "{{" in text else text


def _page(environment: Environment) -> str:
    return _ui(environment) + "/runs/flow-run/{{ flow_run.id | string }}"


def _ui(environment: Environment) -> str:
    return environment.prefect_url.removesuffix("/api")


def _payload(text: str) -> str:
    """JSON whatever is in a run's name or message."""
    return "{% set text %}" + text + '{% endset %}{"text": {{ text | string | tojson }}}'


def _run(flow: str, environment: Environment, parameters: Rule) -> Rule:
    return {
        "type": "run-deployment",
        "source": "selected",
        "deployment": f"{flow}/{environment.name}",
        "parameters": {"environment": environment.name, **parameters},
    }
