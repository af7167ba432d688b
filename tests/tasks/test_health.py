"""Whether something answers 200, and that what lets us in goes to nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deployments.twins.vercel_sites import Site
from deployments.twins.wire import Reply, Request
from tasks.health import check_path, is_healthy
from tasks.outcomes import GateClosed

DOOR = {"x-door": "bypass-that-nobody-else-may-see"}


class Guarded:
    """A site that lets only those in who bring the header; `/elsewhere` leads to another host."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.other = Site(self.greet)
        self.site = Site(self.answer)

    def greet(self, visitor: Request) -> Reply:
        self.seen.append(visitor.headers.get("x-door", ""))
        return Reply(200)

    def answer(self, visitor: Request) -> Reply:
        if visitor.headers.get("x-door") != DOOR["x-door"]:
            return Reply(401)
        where = {"/elsewhere": f"{self.other.url}/", "/here": "/", "/round": "/round"}.get(visitor.path)
        return Reply(302, headers={"Location": where}) if where else Reply(200)


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    found = Guarded()
    yield found
    found.site.close()
    found.other.close()


def test_a_protected_deployment_is_asked_with_its_header(guarded: Guarded) -> None:
    assert is_healthy(guarded.site.url, DOOR)
    with pytest.raises(GateClosed, match="answered 401, expected 200"):
        check_path(guarded.site.url)


def test_the_header_goes_along_on_the_same_host_and_to_no_other(guarded: Guarded) -> None:
    check_path(f"{guarded.site.url}/here", DOOR)
    check_path(f"{guarded.site.url}/elsewhere", DOOR)
    assert guarded.seen == [""]


def test_a_redirect_that_goes_round_is_no_200(guarded: Guarded) -> None:
    with pytest.raises(GateClosed, match="answered 302"):
        check_path(f"{guarded.site.url}/round", DOOR)


def test_nobody_there_is_said_by_name(guarded: Guarded) -> None:
    with pytest.raises(GateClosed, match=r"gave no answer \(ConnectError\)"):
        check_path("http://127.0.0.1:1")
