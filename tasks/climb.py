"""One step of the canary ramp, without Prefect: a weight, and evidence until it says yes or no, or a person does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import PipelineError
from tasks.case import Case, Ruling, policy_of, requests_to_go
from tasks.dial import Dial, Flag
from tasks.facts import Facts
from tasks.held import check_still_held
from tasks.holds import POLICY, RAMP, Hold, lift_hold, place_hold
from tasks.lease import renew_lease
from tasks.observer import Observer, Pair
from tasks.orders import Orders
from tasks.outcomes import CanaryFailed, LockLost, Undecided
from tasks.own_address import own_url
from tasks.release import Release, speaker
from tasks.timeline import write_chapter

SAY_EVERY_SECONDS = 5.0
# Percent done and what goes on, for whoever watches.
Show = Callable[[float, str], None]


@dataclass(frozen=True)
class Step:
    """What a step found out. `evidence` is both analyses as JSON, for the next step to go on from."""

    weight: int
    seconds: float
    requests: int
    evidence: str
    sentence: str


def climb(release: Release, dial: Dial, weight: int, evidence: str, show: Show) -> Step:
    """Give the candidate `weight` percent and wait for evidence, which is added to that of earlier steps.

    Raises CanaryFailed (visitors are back on the live version by then), Undecided when time is up, Aborted.
    """
    facts = Facts(speaker())
    pair, live = _pair(release, dial, weight)
    case = Case.from_json(evidence) if evidence else Case(policy_of(release.settings.canary), dial.second)
    with Orders(release, facts) as orders, Observer(release, pair, case, facts, dial.weight()) as observer:
        return _Climb(observer, orders, live, weight, show).run()


def _pair(release: Release, dial: Dial, weight: int) -> tuple[Pair, str]:
    """Whom to compare, and what the other one is called."""
    candidate = release.platform.hosting.find(release.deployment)
    if candidate is None:
        raise CanaryFailed(f"{release.label} at {weight} %: its deployment {release.deployment} does not exist")
    if isinstance(dial, Flag):
        return Pair(dial, candidate.url, None), dial.other_name(release.label)
    live = release.platform.edge.route().live_target
    address = own_url(release, live) if live else None
    return Pair(dial, candidate.url, address), live.version if live else "live"


class _Climb:
    """The step in progress."""

    def __init__(self, observer: Observer, orders: Orders, live: str, weight: int, show: Show) -> None:
        self.observer, self.orders, self.live, self.weight, self.show = observer, orders, live, weight, show
        self.release = observer.release
        self.policy = self.release.settings.canary
        self.dial = observer.pair.dial
        self.label = self.dial.name(self.release.label)
        self.say = speaker()
        self.began = self.ticked = time.monotonic()
        self.judged = 0.0  # seconds at this weight that were not held
        self.said = 0.0
        self.said_about: Hold | None = None
        self.own: Hold | None = None
        self.decided: float | None = None
        self.acted_ms: float | None = None

    def run(self) -> Step:
        """Hold if it is held, then the weight, then the evidence. On any error first of all the visitors."""
        outcome, sentence = "failed", ""
        try:
            self._begin()
            ruling = self._wait()
            outcome, sentence = "passed", self.named(ruling.sentence)
        except LockLost:
            raise  # the weight is somebody else's now
        except BaseException as error:
            check_still_held(self.release.environment)  # an answer may have taken so long that it is somebody else's
            self._turn_away()
            sentence = error.message if isinstance(error, PipelineError) else type(error).__name__
            self._write(outcome, sentence, may_fail=True)
            raise
        self._write(outcome, sentence)
        seconds, requests = time.monotonic() - self.began, self._requests()
        self.say(f"{self.label} passes {self.weight} % after {seconds:.0f} s: {sentence}")
        return Step(self.weight, seconds, requests, self.observer.case.to_json(), sentence)

    def _begin(self) -> None:
        if self.policy.approval == "person" and self.weight == self.policy.weights[0]:
            self._ask_a_person()
        while hold := self._current_hold():
            self._stay(hold, self._tick())
        self.own = None
        renew_lease(self.release, self.dial)
        self.dial.set(self.weight)
        self.observer.weight = self.weight
        self.observer.case.begin_step()
        self.began = self.ticked = time.monotonic()
        self.say(f"{self.label} gets {self.weight} % of the visitors")

    def _ask_a_person(self) -> None:
        """Once for a release: a hold that somebody has to end. Nobody's word by the end of its time is a no."""
        if (hold := self.orders.hold) and hold.who == POLICY:
            return
        reason = f"{self.release.environment} wants a person's word before visitors meet {self.label}"
        self.own = place_hold(self.release.platform.objects, self.release.app, self.release.id, reason, POLICY)

    def _wait(self) -> Ruling:
        """The ruling to go on with."""
        while True:
            ruling = self._tick()
            hold = self._current_hold()
            if hold:
                self._stay(hold, ruling)
                if not (hold.is_own and ruling.outcome == "pass" and self.orders.are_known):
                    continue
                self._lift_own("the evidence is there now")
                return ruling
            if self.own:
                return self._by_word(ruling)
            if ruling.outcome == "pass" and self.orders.are_known:
                return ruling
            self._report(ruling)
            if self.judged >= self.policy.step_timeout_seconds:
                self._give_up(ruling)

    def _tick(self) -> Ruling:
        """Wait a moment and look. Raises CanaryFailed at once when the evidence says no."""
        self.observer.nap()
        renew_lease(self.release, self.dial)
        ruling = self.observer.look()
        if ruling.outcome == "fail":
            self.decided = time.time()
            self._turn_away()
            raise CanaryFailed(f"{self.label} at {self.observer.weight} %: {self.named(ruling.sentence)}")
        self.orders.check()
        now = time.monotonic()
        if not self._current_hold():
            self.judged += now - self.ticked
        self.ticked = now
        return ruling

    def _current_hold(self) -> Hold | None:
        """The hold that is on. Our own is on until an order that was read after it says otherwise."""
        found = self.orders.hold
        if self.own and (found is None or found.placed < self.own.placed):
            return self.own
        return found if found and found.is_on else None

    def _stay(self, hold: Hold, ruling: Ruling) -> None:
        """Held: say so, and bound it. Raises Undecided when nobody ended it in time."""
        if hold != self.said_about:
            self.said, self.said_about = 0.0, hold
            self.say(f"{self.label} stays at {self.observer.weight} %, {hold}")
        if time.time() - hold.placed > self.policy.hold_timeout_seconds:
            raise Undecided(
                f"{self.label} at {self.observer.weight} %: {hold}; nobody ended it in "
                f"{self.policy.hold_timeout_seconds:.0f} s: {self.named(ruling.sentence)}",
                "release it again when you know what to do; canary.hold_timeout_seconds bounds a hold",
            )
        self._report(ruling, f", {hold}")

    def _give_up(self, ruling: Ruling) -> None:
        reason = f"undecided after {self.judged:.0f} s: {self.named(ruling.sentence)}"
        if self.policy.undecided == "abort":
            raise Undecided(f"{self.label} at {self.weight} %: {reason}")
        self.own = place_hold(self.release.platform.objects, self.release.app, self.release.id, reason, RAMP)

    def _by_word(self, ruling: Ruling) -> Ruling:
        """Somebody ended the hold of a step that could not decide: it goes on, on their word."""
        hold = self.orders.hold
        word = f"{hold.lifted_by} ({hold.lift_reason or 'no reason given'})" if hold else "nobody known"
        return Ruling("pass", ruling.by, f"on the word of {word}, while the evidence says: {ruling.sentence}")

    def _lift_own(self, reason: str) -> None:
        lift_hold(self.release.platform.objects, self.release.app, self.release.id, reason, RAMP)
        self.say(f"the hold is over: {reason}")

    def _turn_away(self) -> None:
        """First of all the visitors; the rest of the way back follows. Once is enough."""
        if self.acted_ms is not None:
            return
        started = time.perf_counter()
        self.dial.set(0)
        self.acted_ms = (time.perf_counter() - started) * 1000
        self.say(f"{self.label} gets no more visitors after {self.acted_ms:.0f} ms")

    def _report(self, ruling: Ruling, more: str = "") -> None:
        now = time.monotonic()
        if now - self.said < SAY_EVERY_SECONDS:
            return
        self.said = now
        requests, sentence = self._requests(), self.named(ruling.sentence)
        self.say(f"{self.observer.weight} %: {requests} requests to {self.label}; {sentence}")
        to_go = requests_to_go(self.observer.case.visitors.verdict)
        percent = 99.0 * requests / max(requests + to_go, 1)
        self.show(percent, f"{self.label} at {self.observer.weight} %{more}: {sentence}")

    def _requests(self) -> int:
        return sum(moment.canary.requests for moment in self.observer.moments)

    def named(self, reason: str) -> str:
        """The sentence with the live version's name in it."""
        return reason.replace(" on live", f" on {self.live}").replace(" live's ", f" {self.live}'s ")

    def _write(self, outcome: str, sentence: str, *, may_fail: bool = False) -> None:
        step = f"{self.dial.prefix}{self.weight:03d}"
        chapter = self.observer.chapter(step, self.live, outcome, sentence, self.decided, self.acted_ms)
        write_chapter(self.release, chapter, may_fail=may_fail)
