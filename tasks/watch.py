"""Looks after a version that was promoted, and sends everyone back the moment the evidence says no.

The version before it keeps a small share of the requests meanwhile, so that the comparison of the ramp goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from infra.edge import Slot, Target, other
from infra.errors import PipelineError
from tasks.case import Case, Ruling, policy_of
from tasks.dial import Traffic
from tasks.facts import Facts
from tasks.lease import renew_lease
from tasks.notes import read_notes
from tasks.observer import Observer, Pair
from tasks.orders import Orders
from tasks.outcomes import Aborted, CanaryFailed
from tasks.own_address import own_url
from tasks.release import Release, speaker
from tasks.stage import Journey, stage
from tasks.timeline import write_chapter


@stage("watch", run_name="watch for {seconds} s", journey=Journey(asks_anew=True, skipped="skipped"))
def watch(release: Release, slot: Slot, url: str, seconds: float, step: str = "watch") -> str:
    """One line on what was seen. Raises CanaryFailed when the evidence says no, Aborted when asked.

    A process that dies meanwhile leaves the previous version its share, which harms nobody: the next release,
    `pipeline abort` or `pipeline rollback` ends it.
    """
    return look_after(release, slot, url, seconds, step)


def look_after(release: Release, slot: Slot, url: str, seconds: float, step: str = "watch") -> str:
    """The same without Prefect. `step` is what the report calls it."""
    facts = Facts(speaker())
    previous = _previous(release, slot) if seconds else None
    weight = 100 - release.settings.watch.previous_percent if previous else 100
    pair = Pair(Traffic(release.platform.edge, slot), url, own_url(release, previous) if previous else None)
    case = Case(policy_of(release.settings.canary))
    with Orders(release, facts) as orders, Observer(release, pair, case, facts, weight) as observer:
        return _Watch(observer, orders, previous, seconds, step).run()


def _previous(release: Release, slot: Slot) -> Target | None:
    """What this release took over from, if it still stands beside it and runs; never anything else: beside a
    version that somebody rolled back to is the one that they fled from."""
    if release.settings.watch.previous_percent == 0:
        return None
    before = [note.facts.get("deployment") for note in read_notes(release) if note.stage == "traffic"]
    beside = release.platform.edge.route().at(other(slot))
    if beside is None or beside.deployment not in before:
        return None
    found = release.platform.hosting.find(beside.deployment)
    return beside if found and found.is_running else None


@dataclass
class _Watch:
    """The watch in progress."""

    observer: Observer
    orders: Orders
    previous: Target | None
    seconds: float
    step: str
    decided: float | None = None
    acted_ms: float | None = None

    def __post_init__(self) -> None:
        self.release, self.say = self.observer.release, speaker()
        self.edge, self.slot = self.release.platform.edge, self.observer.pair.dial.slot

    def run(self) -> str:
        """Until the time is over. The way back ends the previous version's share when this does not."""
        outcome, sentence = "failed", ""
        try:
            self._begin()
            sentence = self._wait()
            self._end()
            outcome = "passed"
        except BaseException as error:
            sentence = error.message if isinstance(error, PipelineError) else type(error).__name__
            self._write(outcome, sentence, may_fail=True)
            raise
        self._write(outcome, sentence)
        self.say(sentence)
        return sentence

    def _begin(self) -> None:
        if self.previous:
            share = 100 - self.observer.weight
            renew_lease(self.release, self.observer.pair.dial)
            self.edge.weigh(share)
            self.say(f"{self.previous.version} keeps {share} % of the traffic to compare with")

    def _wait(self) -> str:
        deadline = time.monotonic() + self.seconds
        ruling = None
        while time.monotonic() < deadline:
            self.observer.nap()
            if self.previous:
                renew_lease(self.release, self.observer.pair.dial)
            ruling = self.observer.look()
            if ruling.outcome == "fail":
                self._fail(ruling)
            self.orders.check()
        return self._sentence(ruling)

    def _fail(self, ruling: Ruling) -> None:
        """First of all the visitors: everyone to the version before. The rest of the way back follows."""
        self.decided = time.time()
        if self.previous:
            started = time.perf_counter()
            self.edge.make_live(other(self.slot))
            self.acted_ms = (time.perf_counter() - started) * 1000
            self.say(f"everyone is on {self.previous.version} again after {self.acted_ms:.0f} ms")
        raise CanaryFailed(f"{self.release.label} after promotion: {self._named(ruling.sentence)}{self._alone()}")

    def _end(self) -> None:
        route = self.edge.route()
        if route.live != self.slot:
            now = route.live_target.version if route.live_target else "no version"
            raise Aborted(f"{self.release.label} is not live any more: somebody made {now} live during the watch")
        if self.previous:
            self.edge.weigh(0)

    def _sentence(self, ruling: Ruling | None) -> str:
        counts = [moment.canary for moment in self.observer.moments]
        asked, failed = sum(one.requests for one in counts), sum(one.failures for one in counts)
        seen = f"{failed} of {asked} requests failed in {self.seconds:g} s, within the limits"
        if self.previous and ruling:
            seen = f"{seen}; compared with {self.previous.version}: {self._named(ruling.sentence)}"
        return f"{self.release.label} after promotion: {seen}{self._alone()}"

    def _alone(self) -> str:
        return "" if self.previous else "; no previous version runs beside it, so nothing was compared"

    def _named(self, sentence: str) -> str:
        """The sentence with the previous version's name: it is what `live` was."""
        name = self.previous.version if self.previous else "the previous version"
        return sentence.replace(" on live", f" on {name}").replace(" live's ", f" {name}'s ")

    def _write(self, outcome: str, sentence: str, *, may_fail: bool = False) -> None:
        live = self.previous.version if self.previous else ""
        chapter = self.observer.chapter(self.step, live, outcome, sentence, self.decided, self.acted_ms)
        write_chapter(self.release, chapter, may_fail=may_fail)
