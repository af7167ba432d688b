"""An analysis as text and back, exactly: a killed release goes on with the evidence it had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from infra.errors import BadInput
from tasks.analysis.counts import Counts
from tasks.analysis.metric import Metric
from tasks.analysis.mixture import LOST, Mixture
from tasks.analysis.policy import Policy
from tasks.analysis.stratum import Stratum

FORMAT = 2


@dataclass(frozen=True)
class Saved:
    """All that an analysis knows."""

    policy: Policy
    step: Policy
    step_requests: int
    end: float | None
    unhealthy: int
    failed: tuple[str, str] | None
    stratum: Stratum
    metrics: list[Metric]


def dump(saved: Saved) -> str:
    """JSON without NaN or Infinity; floats are written so that they read back the same."""
    data = {
        "format": FORMAT,
        "policy": asdict(saved.policy),
        "step": {"minimum_requests": saved.step.minimum_requests, "beta": saved.step.beta},
        "step_requests": saved.step_requests,
        "end": saved.end,
        "unhealthy": saved.unhealthy,
        "failed": saved.failed,
        "stratum": asdict(saved.stratum),
        "metrics": [_metric(metric) for metric in saved.metrics],
    }
    return json.dumps(data, allow_nan=False)


def load(text: str) -> Saved:
    """What `dump` wrote. Raises BadInput if the text is damaged or of another format."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise ValueError(f"format {data['format']!r} is not {FORMAT}")
        return _saved(data)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput("analysis state", f"cannot be read: {error!r}", "start the ramp's analysis afresh") from error


def _saved(data: Mapping[str, Any]) -> Saved:
    policy = Policy(**{**data["policy"], "metrics": tuple(data["policy"]["metrics"])})
    stratum = data["stratum"]
    return Saved(
        policy=policy,
        step=policy.for_step(**data["step"]),
        step_requests=data["step_requests"],
        end=data["end"],
        unhealthy=data["unhealthy"],
        failed=tuple(data["failed"]) if data["failed"] else None,
        stratum=Stratum(stratum["start"], stratum["end"], Counts(**stratum["canary"]), Counts(**stratum["live"])),
        metrics=[
            _restored(Metric(policy, name), each) for name, each in zip(policy.metrics, data["metrics"], strict=True)
        ],
    )


def _bets(metric: Metric) -> dict[str, Mixture]:
    bets = {
        "worse": metric.worse.bets,
        "over_limit": metric.over_limit.bets,
        "not_worse": metric.not_worse.bets,
    }
    return bets | ({"acceptable": metric.acceptable.bets} if metric.acceptable else {})


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        # JSON has no minus infinity: a lost bet is null.
        "logs": {name: [None if log == LOST else log for log in bets.logs] for name, bets in _bets(metric).items()},
        "log_boosted": metric.worse.log_boosted,
        "canary": metric.canary,
        "live": metric.live,
        "recent": metric.recent,
        "odds": metric.odds,
        "counted": metric.counted,
        "window": metric.bursts.window,
    }


def _restored(metric: Metric, data: Mapping[str, Any]) -> Metric:
    for name, bets in _bets(metric).items():
        logs = [LOST if log is None else float(log) for log in data["logs"][name]]
        bets.multiply(log for log in logs)
    metric.worse.log_boosted = float(data["log_boosted"])
    for name in ("canary", "live", "recent", "odds"):
        setattr(metric, name, tuple(data[name]))
    metric.counted, metric.bursts.window = int(data["counted"]), tuple(data["window"])
    return metric
