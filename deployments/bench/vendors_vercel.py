"""What is asked of Vercel in the mood matrix, and a tour through every call with every answer."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from deployments.bench.vendors_moods import TIMEOUT_SECONDS, Action, Ground
from deployments.twins.vercel import VercelTwin
from deployments.twins.vercel_place import APP, QUICK, WEIGHTS, VercelPlace, quiet
from infra.edge import SLOTS, Slot, Target
from infra.edge.vercel_attack_mode import OFF, VercelAttackMode
from infra.edge.vercel_slots import Place, SlotBook, Slots
from infra.errors import PipelineError, Rejected, Unknown
from infra.hosting.vercel_branch_variables import VercelBranchVariables
from infra.hosting.vercel_previews import VercelPreviews
from infra.hosting.vercel_project import META_DEPLOYMENT, META_REF, META_VERSION
from infra.hosting.vercel_variables import VercelVariables
from infra.objects import Objects
from infra.shield import UNDER_ATTACK

NUMBERS = itertools.count(1)
BRANCH = "feature/seven"
SETTINGS = {"DATABASE_URL": "planted-database-url", "FEATURE_SET": "stable"}


def vercel_ground(objects: Objects) -> Ground[VercelPlace]:
    """Twins that build and move domains at once."""

    @contextmanager
    def open_place() -> Iterator[VercelPlace]:
        with VercelTwin() as twin, tempfile.TemporaryDirectory() as folder:
            twin.build.seconds = twin.production.job_seconds = 0.0
            place = _impatient(twin, objects, Path(folder))
            SlotBook(objects, APP).write(Slots())
            yield place

    return Ground("vercel", open_place, lambda place: place.twin, _again)


def _impatient(twin: VercelTwin, objects: Objects, folder: Path) -> VercelPlace:
    """With clients that give up soon."""
    patience = replace(QUICK, tries=2, seconds=1)
    return VercelPlace(twin, objects, folder, patience=patience, timeout_seconds=TIMEOUT_SECONDS)


def _again(place: VercelPlace) -> VercelPlace:
    """New clients for the same twin: what they know is what they read."""
    return _impatient(place.twin, place.objects, place.folder)


def _ready(place: VercelPlace, label: str) -> Place:
    """A version that is built, made behind the clients' back: the calls on the way are not what is tried."""
    meta = {META_DEPLOYMENT: label, META_VERSION: "0" * 40, META_REF: label}
    made = place.twin.make(place.twin.name, "production", meta)
    return Place(Target(label, made.site.host, label), made.id)


def _one_live(place: VercelPlace) -> None:
    blue = _ready(place, "v1")
    _ready(place, "v2")
    place.twin.production.current = blue.vercel_id
    place.twin.production.deployments[blue.vercel_id].substate = "PROMOTED"
    SlotBook(place.objects, APP).write(Slots("blue", 0, blue, None))


def _at(weight: int) -> Callable[[VercelPlace], None]:
    def prepare(place: VercelPlace) -> None:
        _one_live(place)
        place.edge.attach("green", Target("v2", "v2", "v2"))
        place.edge.weigh(weight)

    return prepare


def _promoted(place: VercelPlace) -> None:
    _at(0)(place)
    place.edge.make_live("green")


def _route(place: VercelPlace) -> Hashable:
    """Who is live, with what weight, and whether somebody is beside."""
    route = place.edge.route()
    live = route.live_target
    return (live.version if live else None, route.weight, route.green is not None)


def _deployed(place: VercelPlace) -> Hashable:
    found = place.hosting.find("v9")
    return found.is_running if found else None


def _variables(place: VercelPlace) -> Hashable:
    found = VercelVariables(place.project, ("FEATURE_SET",)).compare(SETTINGS, "production")
    return tuple(one.state for one in found)


def _write_variables(place: VercelPlace) -> None:
    VercelVariables(place.project, ("FEATURE_SET",)).match(SETTINGS, "production", quiet)


def _preview(place: VercelPlace) -> None:
    VercelPreviews(place.project).create(place.source("v9"), 7, quiet)


def _show_preview(place: VercelPlace) -> None:
    """With variables of its own branch, then in the place of the commit before it."""
    variables = VercelBranchVariables(place.project, ("FEATURE_SET",))
    variables.write(7, BRANCH, SETTINGS, quiet)
    previews = VercelPreviews(place.project)
    made = previews.make(place.source("v9"), 7, quiet, BRANCH, variables.fingerprint(SETTINGS))
    for copy in previews.copies()[7]:
        if copy.id != made.id:
            previews.delete(copy)


def _close_preview(place: VercelPlace) -> None:
    previews = VercelPreviews(place.project)
    for copy in previews.copies().get(7, []):
        previews.delete(copy)
    VercelBranchVariables(place.project).remove(7)


def _previewed(place: VercelPlace) -> Hashable:
    """What stands there for pull request 7, and whether it was given its variables."""
    copies = VercelPreviews(place.project).copies().get(7, [])
    variables = VercelBranchVariables(place.project).ours().get(7, [])
    given = {name for copy in copies for name in place.project.copy(copy.id).env}
    return (
        tuple(copy.meta[META_REF] for copy in copies if copy.is_ready),
        tuple(sorted(one.key for one in variables)),
        not copies or set(SETTINGS) <= given,
    )


def _is_on_the_way(state: Hashable) -> bool:
    """Part of its variables, and of its copies only such as were given all of them: the next try goes on from there."""
    assert isinstance(state, tuple)
    copies, variables, is_given = state
    return len(copies) <= 1 and set(variables) <= set(SETTINGS) and (is_given or copies != ("v9",))


def _has_both_commits(state: Hashable) -> bool:
    """The one before goes when the next one is built: between, both are there."""
    assert isinstance(state, tuple)
    return set(state[0]) <= {"v8", "v9"} and state[2]


def _previewed_before(place: VercelPlace) -> None:
    VercelBranchVariables(place.project, ("FEATURE_SET",)).write(7, BRANCH, SETTINGS, quiet)
    VercelPreviews(place.project).make(place.source("v8"), 7, quiet, BRANCH)


def _set_level(level: str) -> Callable[[VercelPlace], None]:
    return lambda place: VercelAttackMode(place.project).set_security_level(level)


def _weigh(weight: int) -> Callable[[VercelPlace], None]:
    return lambda place: place.edge.weigh(weight)


def _make_live(slot: Slot) -> Callable[[VercelPlace], None]:
    return lambda place: place.edge.make_live(slot)


def _journey(place: VercelPlace) -> None:
    """A release's verbs from build to promotion, each time with a new version, and its way back when one fails."""
    label = f"next-{next(NUMBERS)}"
    target = place.release(label)
    try:
        if place.edge.route().weight:
            place.edge.weigh(0)
        slot = place.edge.route().beside
        place.edge.attach(slot, target)
        for weight in WEIGHTS:
            place.edge.weigh(weight)
        place.edge.make_live(slot)
    except PipelineError:
        place.edge.weigh(0)
        place.hosting.stop(label, 0)
        raise


def _journeys_end(place: VercelPlace) -> Hashable:
    """Who is live, as the old or a next one, and with what weight beside it."""
    route = place.edge.route()
    live = route.live_target
    return (live.version.split("-")[0] if live else None, route.weight)


def _may_be_finished(state: Hashable) -> bool:
    """A way back that the vendor did not let happen leaves a share of the visitors there, until it is repeated."""
    return state in {("next", 0), *(("v1", weight) for weight in (0, *WEIGHTS))}


def _is_building(state: Hashable) -> bool:
    """It is there and not ready: the next run waits for it."""
    return state is False


def _is_half_written(state: Hashable) -> bool:
    """Some of the variables are there: the next run writes the others."""
    return isinstance(state, tuple) and set(state) <= {"same", "missing"}


def _is_sent_home(state: Hashable) -> bool:
    """Without visitors, and still in its slot."""
    return state == ("v1", 0, True)


def _nothing(_place: VercelPlace) -> None:
    """Nothing has to be there."""


ACTIONS: tuple[Action[VercelPlace], ...] = (
    Action("build", _nothing, lambda place: place.release("v9"), _deployed, _is_building),
    Action("write variables", _nothing, _write_variables, _variables, _is_half_written),
    Action("preview", _nothing, _preview, lambda place: VercelPreviews(place.project).find(7) is not None),
    Action("show a preview", _nothing, _show_preview, _previewed, _is_on_the_way),
    Action("show the next commit", _previewed_before, _show_preview, _previewed, _has_both_commits),
    Action("close a preview", _previewed_before, _close_preview, _previewed, _is_on_the_way),
    Action("attach", _one_live, lambda place: place.edge.attach("green", Target("v2", "v2", "v2")), _route),
    Action("weigh 10", _at(0), _weigh(10), _route),
    Action("weigh 10 to 50", _at(10), _weigh(50), _route),
    Action("weigh 50 to 100", _at(50), _weigh(100), _route),
    Action("weigh 50 to 0", _at(50), _weigh(0), _route),
    Action("weigh 100 to 0", _at(100), _weigh(0), _route),
    Action("promote after the ramp", _at(100), _make_live("green"), _route),
    Action("promote in the ramp", _at(50), _make_live("green"), _route),
    Action("a whole release", _one_live, _journey, _journeys_end, _may_be_finished),
    Action("roll back", _promoted, _make_live("blue"), _route),
    Action("detach", _at(10), lambda place: place.edge.detach("green"), _route, _is_sent_home),
    Action(
        "attack mode",
        _nothing,
        _set_level(UNDER_ATTACK),
        lambda place: VercelAttackMode(place.project).security_level(),
    ),
    Action(
        "lift attack mode",
        _set_level(UNDER_ATTACK),
        _set_level(OFF),
        lambda place: VercelAttackMode(place.project).security_level(),
    ),
)


def tour(place: VercelPlace) -> None:
    """Every call that our clients make, with every shape of answer that the twin has for it."""
    place.open_with_both(10)
    for weight in (50, 0, 10):
        place.edge.weigh(weight)
    for slot in SLOTS[::-1]:
        place.edge.make_live(slot)
    _builds(place)
    _write_variables(place)
    for level in (UNDER_ATTACK, OFF):
        VercelAttackMode(place.project).set_security_level(level)
    for act in (_previewed_before, _show_preview, _close_preview):
        act(place)
    _failing_job(place)
    for plan in ("hobby", "pro", "enterprise"):
        place.twin.production.plan, place.twin.production.config = plan, None
        place.edge.detach("green")
        with suppress(Rejected):
            place.edge.attach("green", place.release("v2"))


def _builds(place: VercelPlace) -> None:
    """One that fails, one that takes too long, a preview."""
    place.twin.build.fails = True
    with suppress(Rejected):
        place.release("broken")
    place.twin.build.fails, place.twin.build.seconds = False, 60
    with suppress(Unknown):
        place.hosting.build(place.source("v4", build_seconds=1), "v4", {}, quiet)
    place.twin.build.seconds = 0.05
    _preview(place)


def _failing_job(place: VercelPlace) -> None:
    place.twin.production.jobs_fail = True
    with suppress(Rejected):
        place.edge.make_live("green")
    place.twin.production.jobs_fail = False
