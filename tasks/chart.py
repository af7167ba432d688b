"""The chart of a release: weight, error rate and latency of both slots over time, as a PNG."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.analysis import Counts
from tasks.evidence import Row

CANARY, LIVE = "#d9480f", "#1c7ed6"


def draw(rows: list[Row], title: str) -> bytes:
    """A PNG of three panels that share the time axis, in seconds since the first row. `rows` is not empty."""
    figure = Figure(figsize=(9, 7), dpi=110, layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    seconds = [row.time - rows[0].time for row in rows]
    figure.suptitle(title)
    panels[0].step(seconds, [row.weight for row in rows], where="post", color=CANARY)
    _label(panels[0], "weight, %")
    _two(panels[1], seconds, [_rate(row.canary) for row in rows], [_rate(row.live) for row in rows])
    _label(panels[1], "failed, % of requests")
    _two(panels[2], seconds, [row.canary_p95_ms for row in rows], [row.live_p95_ms for row in rows])
    _label(panels[2], "95th percentile, ms")
    panels[2].set_xlabel("seconds since the candidate's first request")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _two(panel: Axes, seconds: list[float], canary: list[float], live: list[float]) -> None:
    panel.plot(seconds, canary, color=CANARY, label="candidate")
    panel.plot(seconds, live, color=LIVE, label="live")
    panel.legend(loc="upper right")


def _label(panel: Axes, text: str) -> None:
    panel.set_ylabel(text)
    panel.set_ylim(bottom=0)
    panel.grid(alpha=0.3)


def _rate(counts: Counts) -> float:

    return 100.0 * counts.failures / counts.requests if counts.requests else 0.0
