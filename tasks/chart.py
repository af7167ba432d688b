"""The chart of a release as a PNG: weight, evidence, failed and slow requests of both versions over time."""

from __future__ import annotations

import io
import itertools
import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tasks.figures import Band, Point

CANARY, LIVE, GOOD, GREY = "#d9480f", "#1c7ed6", "#2b8a3e", "#868e96"
# Evidence further away than this from deciding is drawn at the edge.
FLOOR, CEILING = 1e-4, 1e4
# Steps that begin with no evidence: the version with its flag off, and the one after promotion.
WATCHES = ("dark", "watch")


def draw(points: list[Point], title: str, limits: tuple[float, float], live: str) -> bytes:
    """A PNG of four panels that share the time axis. `points` is not empty; `limits` are the highest allowed shares
    of failed and of slow requests, in percent; `live` is what the other version is called."""
    figure = Figure(figsize=(10, 10), dpi=110, layout="constrained")
    panels = figure.subplots(4, 1, sharex=True, height_ratios=[1, 2, 2, 2])
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    _weight(panels[0], points)
    _evidence(panels[1], points)
    for panel, what, limit in ((panels[2], "failures", limits[0]), (panels[3], "slow", limits[1])):
        _rates(panel, points, what, limit, live)
    panels[3].set_xlabel("seconds since the candidate was let in")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return target.getvalue()


def _weight(panel: Axes, points: list[Point]) -> None:
    seconds, weights = [point.second for point in points], [point.weight for point in points]
    panel.fill_between(seconds, weights, step="post", color=CANARY, alpha=0.15)
    panel.step(seconds, weights, where="post", color=CANARY)
    labelled = -points[-1].second
    for before, point in itertools.pairwise([None, *points]):
        if point and (before is None or before.weight != point.weight):
            room = 0.06 * points[-1].second
            if point.second - labelled >= room:
                name = f"{point.step}: {point.weight} %" if point.step in WATCHES else f"{point.weight} %"
                panel.annotate(name, (point.second, min(point.weight, 100) + 6), fontsize=8, color=CANARY)
                labelled = point.second
    _finish(panel, "Visitors that what is new gets", "%")
    panel.set_ylim(0, 125)
    panel.set_xlim(left=0)


def _broken(points: list[Point], values: list[float]) -> tuple[list[float], list[float]]:
    """The curve in pieces, because ramp and watches each collect their evidence anew."""
    seconds, broken = [points[0].second], values[:1]
    for (before, point), value in zip(itertools.pairwise(points), values[1:], strict=True):
        is_anew = before.step != point.step and (before.step in WATCHES or point.step in WATCHES)
        seconds += [point.second] * (1 + is_anew)
        broken += [math.nan, value] if is_anew else [value]
    return seconds, broken


def _evidence(panel: Axes, points: list[Point]) -> None:
    second = " or ".join(dict.fromkeys(point.second_source for point in points))
    curves = {
        "harm, visitors": ("visitors_against", CANARY, "-"),
        "good, visitors": ("visitors_for", GOOD, "-"),
        f"harm, {second}": ("second_against", CANARY, ":"),
        f"good, {second}": ("second_for", GOOD, ":"),
    }
    for label, (name, color, style) in curves.items():
        values = [min(max(getattr(point, name), FLOOR), CEILING) for point in points]
        if label.endswith("visitors") or len(set(values)) > 1:
            panel.plot(*_broken(points, values), style, color=color, label=label)
    panel.axhline(1.0, color=GREY, linewidth=1.2, linestyle="--", label="decides")
    panel.set_yscale("log")
    _finish(panel, "Evidence: e-value over the e-value that decides", "log scale")
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _rates(panel: Axes, points: list[Point], what: str, limit: float, live: str) -> None:
    seconds = [point.second for point in points]
    for side, (label, color) in enumerate((("candidate", CANARY), (live, LIVE))):
        bands: list[Band] = [getattr(point, what)[side] for point in points]
        known = [(second, band) for second, band in zip(seconds, bands, strict=True) if band.rate is not None]
        if known:
            at = [second for second, _ in known]
            panel.fill_between(
                at, [b.low or 0.0 for _, b in known], [b.high or 0.0 for _, b in known], color=color, alpha=0.15
            )
            panel.plot(at, [b.rate or 0.0 for _, b in known], color=color, label=label)
    if not any(band.rate is not None for point in points for band in getattr(point, what)):
        panel.text(0.5, 0.75, "no visitors in this time", transform=panel.transAxes, ha="center", color=GREY)
    panel.axhline(limit, color=GREY, linewidth=1.2, linestyle="--", label=f"limit {limit:g} %")
    name = "Failed" if what == "failures" else "Slow"
    _finish(panel, f"{name} requests so far, with 95 % bands that hold at all times", "%")
    top = _top(points, what, limit)
    panel.set_ylim(-0.02 * top, top)  # a rate of nothing is seen too
    panel.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _top(points: list[Point], what: str, limit: float) -> float:
    """Room for the rates and the limit; wide bands of the first requests may run out of the picture."""
    last = points[-1]
    highest = [band.high or 0.0 for band in getattr(last, what)]
    rates = [band.rate or 0.0 for point in points for band in getattr(point, what)]
    return min(105.0, 1.15 * max(2.0 * limit, *highest, *rates))


def _finish(panel: Axes, title: str, unit: str) -> None:
    panel.set_title(title, loc="left", fontsize=10)
    panel.set_ylabel(unit)
    panel.grid(alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
