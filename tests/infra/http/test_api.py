"""The one client of vendors, against a real server that answers in every mood."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from pydantic import SecretStr

from deployments.twins.moods import FOREVER
from deployments.twins.server import Twin, route
from deployments.twins.wire import Reply, Request
from infra.errors import BadInput, PipelineError, Unknown, Unreachable
from infra.http import Api, Call, Patience, Refused, Service
from infra.http.answer import Record
from infra.http.patience import retry_after

TOKEN = "token-that-nobody-may-see"
READ = Call("Shop", "getBook", "GET", "/books/{name}")
WRITE = Call("Shop", "sellBook", "POST", "/books/{name}/sell")
PUT = Call("Shop", "putBook", "PUT", "/books/{name}")
SELL_ONCE = Call("Shop", "sellBook", "POST", "/books/{name}/sell", is_idempotent=True)
MOBY = {"name": "moby dick"}


class Book(Record):
    """One book."""

    name: str
    sold: int


class Shop(Twin):
    token = TOKEN
    sold = 0

    @route("GET", "/books/{name}", "getBook")
    @route("PUT", "/books/{name}", "putBook")
    def get(self, request: Request) -> Reply:
        return Reply(200, {"name": request.values["name"], "sold": self.sold, "more": 1})

    @route("GET", "/moved", "moved")
    def moved(self, _request: Request) -> Reply:
        return Reply(302, headers={"Location": "https://elsewhere.example"})

    @route("POST", "/books/{name}/sell", "sellBook")
    def sell(self, request: Request) -> Reply:
        self.sold += 1
        return self.get(request)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as found:
        yield found


@pytest.fixture
def api(shop: Shop) -> Iterator[Api]:
    found = Api(service(shop.url))
    yield found
    found.close()


def service(url: str, token: str = TOKEN) -> Service:
    patience = Patience(tries=3, seconds=3, first_pause_seconds=0.01)
    return Service("Shop", url, SecretStr(token), {"team": "t1"}, patience, 0.5)


def test_an_answer_is_read_into_a_record_and_the_query_goes_with_every_call(shop: Shop, api: Api) -> None:
    assert api.ask(READ, MOBY, query={"full": "1"}).read(Book) == Book(name="moby dick", sold=0)
    request = shop.log[0].request
    assert request.query == {"team": "t1", "full": "1"}
    assert request.headers["user-agent"].startswith("securyflex-pipeline/")


@pytest.mark.parametrize("kind", ["limited", "failing", "silent", "lost"])
@pytest.mark.parametrize("call", [READ, PUT, SELL_ONCE])
def test_a_call_that_may_be_repeated_is_repeated(shop: Shop, api: Api, call: Call, kind: str) -> None:
    shop.moods.set(call.operation, kind, times=2)
    assert api.ask(call, MOBY).status == 200
    assert len(shop.log) == 3


@pytest.mark.parametrize("kind", ["failing", "silent", "lost", "malformed"])
def test_a_write_whose_outcome_is_lost_is_sent_once_and_is_unknown(shop: Shop, api: Api, kind: str) -> None:
    shop.moods.set("sellBook", kind, times=FOREVER)
    with pytest.raises(Unknown, match=r"Shop sellBook \(POST /books/\{name\}/sell\)") as failure:
        api.ask(WRITE, MOBY).read(Book)
    assert "read it back" in failure.value.hint
    assert len(shop.log) == 1


@pytest.mark.parametrize(("kind", "error"), [("failing", Unreachable), ("silent", Unreachable), ("malformed", Refused)])
def test_a_read_that_stays_without_an_answer_is_typed_once_the_budget_is_spent(
    shop: Shop, api: Api, kind: str, error: type[PipelineError]
) -> None:
    shop.moods.set("getBook", kind, times=FOREVER)
    with pytest.raises(error, match="Shop getBook"):
        api.ask(READ, MOBY).read(Book)
    assert len(shop.log) == (1 if kind == "malformed" else 3)


def test_a_write_that_was_turned_away_with_429_did_not_happen_and_is_sent_again(shop: Shop, api: Api) -> None:
    shop.moods.set("sellBook", "limited", seconds=0.3)
    started = time.monotonic()
    assert api.ask(WRITE, MOBY).read(Book).sold == 1
    assert time.monotonic() - started >= 0.3


def test_a_wait_beyond_the_budget_is_not_begun_but_told(shop: Shop, api: Api) -> None:
    shop.moods.set("getBook", "limited", seconds=86_400, times=FOREVER)
    with pytest.raises(Refused, match="429 rate_limited: Too many requests") as refused:
        api.ask(READ, MOBY)
    assert "it asks to wait 86400 s" in refused.value.hint
    assert len(shop.log) == 1


def test_a_no_is_not_repeated_and_carries_the_vendors_words(shop: Shop, api: Api) -> None:
    shop.moods.set("getBook", "forbidden", times=FOREVER)
    with pytest.raises(Refused, match="403 forbidden: The plan of this team") as refused:
        api.ask(READ, MOBY)
    assert (refused.value.status, refused.value.code, len(shop.log)) == (403, "forbidden", 1)


def test_what_else_the_vendor_said_does_not_leave_the_process_with_the_error(shop: Shop, api: Api) -> None:
    shop.moods.set("getBook", "forbidden", times=FOREVER)
    with pytest.raises(Refused) as refused:
        api.ask(READ, MOBY)
    assert refused.value.details["code"] == "forbidden"
    sent = pickle.loads(pickle.dumps(refused.value))
    assert (sent.status, sent.code, str(sent)) == (403, "forbidden", str(refused.value))
    assert not hasattr(sent, "details")


def test_a_status_that_the_caller_accepts_is_an_answer(shop: Shop, api: Api) -> None:
    shop.moods.set("getBook", "forbidden")
    assert api.ask(READ, MOBY, accept=(403,)).status == 403


def test_nothing_listening_is_unreachable_even_for_a_write(shop: Shop) -> None:
    shop.close()
    with pytest.raises(Unreachable, match="gave no answer 3 times") as silence:
        Api(service(shop.url)).ask(WRITE, MOBY)
    assert "nothing was sent" in silence.value.hint


def test_an_answer_of_another_shape_names_the_field(shop: Shop, api: Api) -> None:
    class Author(Record):
        author: str

    with pytest.raises(Refused, match="author: Field required"):
        api.ask(READ, MOBY).read(Author)
    with pytest.raises(Unknown, match="author: Field required"):
        api.ask(WRITE, MOBY).read(Author)


def test_a_value_that_is_missing_from_the_path_is_named(api: Api) -> None:
    with pytest.raises(BadInput, match=r"getBook\.name: is empty"):
        api.ask(READ, {"name": " "})


def test_the_token_is_in_no_message_even_when_the_vendor_repeats_it(shop: Shop) -> None:
    other = "another-token-that-nobody-may-see"
    with pytest.raises(Refused) as refused:
        Api(service(shop.url, other)).ask(READ, {"name": other}).read(Book)
    assert other not in str(refused.value)
    assert other not in repr(service(shop.url, other))


def test_a_redirect_is_not_followed_with_the_token(api: Api, shop: Shop) -> None:
    with pytest.raises(Refused, match="302") as refused:
        api.ask(Call("Shop", "moved", "GET", "/moved"))
    assert "it points to https://elsewhere.example" in refused.value.hint
    assert len(shop.log) == 1


@pytest.mark.parametrize(("value", "expected"), [("", None), ("7", 7.0), ("-3", 0.0), ("0.5", 0.5), ("soon", None)])
def test_retry_after_in_seconds(value: str, expected: float | None) -> None:
    assert retry_after(value) == expected


def test_retry_after_as_a_date() -> None:
    wait = retry_after(formatdate(time.time() + 100, usegmt=True))
    assert wait is not None
    assert 95 < wait <= 100
    assert retry_after(formatdate(time.time() - 100, usegmt=True)) == 0.0


def test_patience_grows_and_ends_with_its_budget() -> None:
    patience = Patience(tries=3, seconds=10, first_pause_seconds=1)
    first, second = patience.pause(1, None, 0), patience.pause(2, None, 0)
    assert first is not None
    assert second is not None
    assert 0.5 <= first <= 1.0 <= second <= 2.0
    assert patience.pause(3, None, 0) is None
    assert patience.pause(1, 11, 0) is None
    assert patience.pause(1, None, 9.9) is None
