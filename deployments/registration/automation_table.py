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
WATCHED = (*CHANGING, "recovery")
BEATS_MISSED_SECONDS = 100.0  # three beats of the 30 s that prefect.yaml asks for, and the way they take
LATE_SECONDS = 300.0
ABSENT_SECONDS = 300.0
# Running too, which the server itself says: a host may be lost before the first beat has left it.
ALIVE = ["prefect.flow-run.Running", "prefect.flow-run.heartbeat"]
BEGUN = ["prefect.flow-run.Pending", "prefect.flow-run.Running", "prefect.flow-run.Cancelled"]
BAD_ENDS = ["prefect.flow-run.Crashed", "prefect.flow-run.Failed", "prefect.flow-run.WayBackFailed"]


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
    told = [_bad_end(environment, tag), _late(environment, tag), _nobody_works(environment)]
    return [*(away if environment.kind != "local" else []), *told]


def _silent_is_crashed(environment: Environment, tag: str) -> Automation:
    """The server refuses it for a run that has ended, so that a late beat does no harm."""
    return Automation(
        f"{environment.name}: a silent run is shown as crashed",
        f"A run that was not heard of for {BEATS_MISSED_SECONDS:.0f} s has lost its host.",
        _trigger(
            environment, tag, WATCHED, posture="Proactive", after=ALIVE,
            expect=["prefect.flow-run.*"], within=BEATS_MISSED_SECONDS,
        ),
        ({"type": "change-flow-run-state", "state": "CRASHED",
          "message": f"nothing was heard of it for {BEATS_MISSED_SECONDS:.0f} s"},),
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
    title = "{{ flow_run.name }}: {{ flow_run.state.name }}"
    return Automation(
        f"{environment.name}: a bad end is told",
        "Crashed, failed by mistake, or a way back that failed: ends of which the run itself may have told nobody.",
        _trigger(environment, tag, WATCHED, expect=BAD_ENDS),
        _tell(environment, title, "{{ flow_run.state.message or '' }}", "critical", _page(environment)),
    )


def _late(environment: Environment, tag: str) -> Automation:
    title = "{{ flow_run.name }} should have begun and has not"
    return Automation(
        f"{environment.name}: a run that does not begin is told",
        f"It was late, and {LATE_SECONDS:.0f} s after that it had not begun.",
        _trigger(
            environment, tag, (*WATCHED, "telling"), posture="Proactive", after=["prefect.flow-run.Late"],
            expect=BEGUN, within=LATE_SECONDS,
        ),
        _tell(environment, title, f"does the worker of pool {environment.name} run?", "critical",
              _page(environment)),
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
