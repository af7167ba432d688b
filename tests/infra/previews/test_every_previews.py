"""What every implementation of previews promises: on this machine, and at the vendors' twins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from apps import manifest, server
from vendor_data import VARIABLES, vendor_environment

from deployments.twins.supabase import SupabaseTwin
from deployments.twins.vercel import VercelTwin
from infra.errors import BadInput, PipelineError, Rejected
from infra.hosting import Source
from infra.manifest import read_manifest
from infra.previews import Previews, Wanted
from infra.previews.of_environment import previews_of

SEVEN, EIGHT = Wanted(7, "feature/seven"), Wanted(8, "feature/eight")
APP = "securyflex"
FIRST, SECOND = "a" * 40, "b" * 40


@dataclass
class Place:
    """Previews and what lets us in at their addresses. `vercel` and `supabase` are None on this machine."""

    previews: Previews
    folder: Path
    headers: dict[str, str]
    vercel: VercelTwin | None = None
    supabase: SupabaseTwin | None = None

    def source(self, version: str = FIRST, text: str = "") -> Source:
        folder = self.folder / version[:4]
        folder.mkdir(exist_ok=True)
        (folder / "pipeline.toml").write_text(manifest(APP))
        (folder / "server.py").write_text(text or server())
        return Source(folder, "here", "feature", version, read_manifest(folder))

    def open(self, wanted: Wanted = SEVEN, version: str = FIRST, text: str = "") -> str:
        """Its address."""
        url = self.previews.database(wanted, print)
        variables = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
        return self.previews.show(self.source(version, text), wanted, variables, print).url

    def answers(self, url: str) -> bool:
        try:
            return httpx.get(url, headers=self.headers, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def fail_the_next_build(self) -> str:
        """The text of a server that breaks where the build does not."""
        if self.vercel:
            self.vercel.build.fails = True
        return "raise SystemExit('planted')"

    def mend(self) -> None:
        if self.vercel:
            self.vercel.build.fails = False


@pytest.fixture(params=["local", "vendors"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "local":
        environment = request.getfixturevalue("data_platform").environment
        found = Place(previews_of(environment, APP), tmp_path, {})
        yield found
        for one in found.previews.all():
            found.previews.close(one.pull_request, print)
        return
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with VercelTwin() as vercel, SupabaseTwin() as supabase:
        supabase.state.add_branch("main", "main", is_default=True)
        environment = vendor_environment(tmp_path / "state", supabase=supabase, vercel=vercel)
        headers = {"x-vercel-protection-bypass": vercel.bypass}
        yield Place(previews_of(environment, APP), tmp_path, headers, vercel, supabase)


def test_a_preview_is_opened_read_and_closed_and_nothing_is_left(place: Place) -> None:
    url = place.open()
    assert place.answers(url)
    (found,) = place.previews.all()
    assert (found.pull_request, found.version, found.ref, found.url) == (7, FIRST, "feature", url)
    assert found.is_running
    assert found.touched > 0
    assert place.previews.close(7, print)
    assert place.previews.all() == []
    assert not place.answers(url)


def test_closing_what_is_not_there_is_harmless_and_so_is_closing_twice(place: Place) -> None:
    assert place.previews.close(7, print) == ()
    place.open()
    place.previews.close(7, print)
    assert place.previews.close(7, print) == ()


def test_a_second_commit_takes_the_place_of_the_first_and_keeps_the_database(place: Place) -> None:
    first, database = place.open(), place.previews.database(SEVEN, print)
    second = place.open(version=SECOND)
    assert place.answers(second)
    assert not place.answers(first)
    assert place.previews.database(SEVEN, print) == database
    (found,) = place.previews.all()
    assert found.version == SECOND


def test_each_pull_request_has_its_own_and_closing_one_leaves_the_other(place: Place) -> None:
    seven, eight = place.open(), place.open(EIGHT)
    assert place.previews.database(SEVEN, print) != place.previews.database(EIGHT, print)
    assert [one.pull_request for one in place.previews.all()] == [7, 8]
    place.previews.close(7, print)
    assert (place.answers(seven), place.answers(eight)) == (False, True)
    assert [one.pull_request for one in place.previews.all()] == [8]


def test_what_a_run_left_that_died_after_the_database_is_found_and_closed(place: Place) -> None:
    place.previews.database(SEVEN, print)
    (found,) = place.previews.all()
    assert (found.pull_request, found.url, found.is_running) == (7, "", False)
    assert len(place.previews.close(7, print)) == 1
    assert place.previews.all() == []


def test_a_build_that_fails_leaves_the_preview_before_it_running(place: Place) -> None:
    url = place.open()
    text = place.fail_the_next_build()
    with pytest.raises(Rejected):
        place.open(version=SECOND, text=text)
    assert place.answers(url)
    place.mend()
    place.previews.close(7, print)
    assert place.previews.all() == []


def test_a_database_made_anew_is_another_one_for_the_same_pull_request(place: Place) -> None:
    place.previews.database(SEVEN, print)
    place.previews.database(SEVEN, print, is_anew=True)
    assert [one.pull_request for one in place.previews.all()] == [7]


@pytest.mark.parametrize("number", [0, -7, 10**9])
def test_what_is_no_pull_requests_number_is_refused(place: Place, number: int) -> None:
    with pytest.raises(BadInput, match="pull_request"):
        place.previews.close(number, print)
    with pytest.raises(BadInput, match="pull_request"):
        Wanted(number, "main")


def test_a_preview_that_has_no_secret_of_its_own_says_none(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    url = place.previews.database(SEVEN, print)
    place.open()
    password = url.split("://", 1)[1].split(":", 1)[1].split("@", 1)[0]
    assert password not in capsys.readouterr().out
    with pytest.raises(PipelineError) as error:
        place.open(version=SECOND, text=place.fail_the_next_build())
    assert password not in str(error.value)
