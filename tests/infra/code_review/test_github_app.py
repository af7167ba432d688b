"""A GitHub App against GitHub's twin: who signs, how long a token lives, and what is said when it is refused."""

from __future__ import annotations

import threading
import time
import traceback
import types
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from deployments.bench import vendors_github as shown
from deployments.bench.vendors_github import app_settings
from deployments.twins.github import GithubTwin
from deployments.twins.github_app import APP_ID, INSTALLATION, check_signature
from deployments.twins.moods import KINDS, Kind
from deployments.twins.server import VendorError, route
from deployments.twins.wire import Reply, Request
from infra.code_review.github import GithubReview
from infra.code_review.github_api import GithubApi
from infra.code_review.github_pulls import GithubPulls
from infra.environment import Github
from infra.errors import BadInput, PipelineError, Rejected, Unknown
from infra.http import Limited, Patience, Refused

QUICK = Patience(tries=2, seconds=2, first_pause_seconds=0.01)
MADE = "apps/create-installation-access-token"
STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture
def twin() -> Iterator[GithubTwin]:
    with GithubTwin() as found:
        found.token = "nobody has this one"
        yield found


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> str:
    sealed = BestAvailableEncryption(password) if password else NoEncryption()
    return str(key.private_bytes(Encoding.PEM, form, sealed).decode())


def api_at(twin: GithubTwin, key: str = "", **more: Any) -> GithubApi:
    settings = app_settings(twin).model_copy(update=more)
    return GithubApi(settings, SecretStr(key or twin.app_key), QUICK, 1.0)


def answers(twin: GithubTwin, operation: str) -> list[int]:
    return [entry.reply.status for entry in twin.calls(operation) if entry.reply]


def test_one_token_serves_many_calls_and_is_for_the_one_repository(twin: GithubTwin) -> None:
    api = api_at(twin)
    for _ in range(5):
        api.rate()
        api.repository()
    (made,) = twin.calls(MADE)
    assert made.request.data == {"repositories": ["app"]}
    assert {entry.request.bearer for entry in twin.calls("repos/get")} == set(twin.state.tokens)


def test_many_threads_that_come_at_once_get_the_same_token(twin: GithubTwin) -> None:
    api = api_at(twin)
    threads = [threading.Thread(target=api.rate) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(twin.calls(MADE)), answers(twin, "rate-limit/get")) == (1, [200] * 8)


def test_a_token_is_renewed_before_it_ends(twin: GithubTwin) -> None:
    twin.state.token_seconds = 4.0
    api, ends = api_at(twin), time.monotonic() + 9
    while time.monotonic() < ends:
        api.rate()
        time.sleep(0.1)
    assert len(twin.calls(MADE)) >= 3
    assert set(answers(twin, "rate-limit/get")) == {200}, "none was ever refused"


def test_a_token_that_lives_an_hour_is_renewed_five_minutes_before(
    twin: GithubTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"now": 1000.0}
    faked = types.SimpleNamespace(time=time.time, monotonic=lambda: clock["now"])
    monkeypatch.setattr("infra.code_review.github_app.time", faked)
    api = api_at(twin)
    for seconds, made in ((0.0, 1), (3290.0, 1), (3305.0, 2)):
        clock["now"] = 1000.0 + seconds
        api.rate()
        assert len(twin.calls(MADE)) == made, f"after {seconds} s"


def test_a_token_that_is_taken_away_is_renewed_once_and_nothing_is_written_twice(twin: GithubTwin) -> None:
    review = GithubReview(app_settings(twin), SecretStr(twin.app_key), QUICK, 1.0)
    review.show_check(shown.CHECK)
    twin.state.tokens.clear()
    review.show_check(shown.ENDED)
    (run,) = twin.state.check_runs
    assert (run["conclusion"], len(twin.calls(MADE))) == ("failure", 2)


def test_a_token_that_is_refused_though_it_is_new_is_a_no(twin: GithubTwin) -> None:
    twin.state.token_seconds = -5.0
    with pytest.raises(Refused) as caught:
        api_at(twin).rate()
    assert (caught.value.status, answers(twin, "rate-limit/get")) == (401, [401, 401])


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "another installation": ({"installation": 99}, "answered 404", "has no installation 99"),
    "another App": ({"app_id": "999"}, "answered 401", "must be one of App 999"),
    "another repository": ({"repository": "securyflex/other"}, "answered 422", "the repository securyflex/other"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_no_names_what_to_mend(twin: GithubTwin, what: str) -> None:
    more, said, fix = REFUSED[what]
    with pytest.raises(Rejected, match=said) as caught:
        api_at(twin, **more).rate()
    assert fix in caught.value.hint
    # Whoever asked would take a Refused's status for the answer about a commit or a pull request.
    assert not isinstance(caught.value, Refused)


def test_another_key_is_refused_and_the_clock_is_not_blamed(twin: GithubTwin) -> None:
    with pytest.raises(Rejected, match="answered 401") as caught:
        api_at(twin, pem(STRANGER)).rate()
    assert f"must be one of App {APP_ID}" in caught.value.hint
    assert "clock" not in caught.value.hint


def test_a_suspended_installation_is_no_pull_request_that_is_gone(twin: GithubTwin) -> None:
    twin.state.is_suspended = True
    with pytest.raises(Rejected, match="suspended") as caught:
        GithubPulls(app_settings(twin), SecretStr(twin.app_key), QUICK).pull_request(1)
    assert "installation in securyflex" in caught.value.hint


@pytest.mark.parametrize(("off", "fits"), [(-50, True), (50, True), (900, False), (-900, False)])
def test_a_clock_that_is_a_minute_off_does_and_one_that_is_worse_is_named(
    twin: GithubTwin, monkeypatch: pytest.MonkeyPatch, off: int, fits: bool
) -> None:
    faked = types.SimpleNamespace(time=lambda: time.time() + off, monotonic=time.monotonic)
    monkeypatch.setattr("infra.code_review.github_app.time", faked)
    if fits:
        assert api_at(twin).rate().limit == 5000
        return
    with pytest.raises(Rejected) as caught:
        api_at(twin).rate()
    assert "s from GitHub's: set it" in caught.value.hint
    assert f"{off:+d}"[:3] in caught.value.hint or f"{off + 1:+d}"[:3] in caught.value.hint


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("is_one_line", [False, True])
def test_a_key_is_taken_in_each_form_in_which_it_is_kept(
    twin: GithubTwin, form: PrivateFormat, is_one_line: bool
) -> None:
    key = pem(load_pem_private_key(twin.app_key.encode(), None), form)
    assert api_at(twin, key.replace("\n", "\\n") if is_one_line else key).rate().limit == 5000


WRONG_KEYS = {
    "no key": "planted-key-that-is-none",
    "cut off": pem(STRANGER)[:400],
    "another kind": pem(ec.generate_private_key(ec.SECP256R1())),
    "sealed": pem(STRANGER, password=b"planted-word"),
}


@pytest.mark.parametrize("kind", WRONG_KEYS)
def test_a_key_that_is_none_is_named_and_not_shown(twin: GithubTwin, kind: str) -> None:
    with pytest.raises(BadInput, match=r"github\.private_key") as caught:
        api_at(twin, WRONG_KEYS[kind])
    assert ".pem file" in caught.value.hint
    shown_lines = [line for line in WRONG_KEYS[kind].splitlines() if "-----" not in line]
    assert not any(line in f"{caught.value}{caught.value.__cause__}" for line in shown_lines)
    assert twin.log == []


@pytest.mark.parametrize("mood", KINDS)
def test_in_every_mood_it_ends_well_or_with_a_typed_error_that_holds_no_secret(twin: GithubTwin, mood: Kind) -> None:
    twin.moods.set(MADE, mood, seconds=0.01)
    api, said = api_at(twin), "well\n  hint: none"
    try:
        api.rate()
    except PipelineError as error:
        said = f"{error!r} {error}"
    signed = [entry.request.bearer for entry in twin.calls(MADE)]
    assert signed
    assert "\n  hint: " in said
    assert not any(secret in said for secret in (*twin.state.tokens, *signed, twin.app_key))
    assert api.rate().limit == 5000, "in good weather it goes on"


class Careless(GithubTwin):
    """Says when the token ends in a way that nobody can read."""

    @route("POST", "/app/installations/{installation_id}/access_tokens", MADE)
    def create_installation_token(self, request: Request) -> Reply:
        told = super().create_installation_token(request)
        return Reply(201, {**told.data, "expires_at": "soon"})


def test_an_answer_that_cannot_be_read_is_not_shown() -> None:
    with Careless() as twin, pytest.raises(Unknown, match="no token and end that can be read") as caught:
        api_at(twin).rate()
    (token,) = twin.state.tokens
    assert token not in "".join(traceback.format_exception(caught.value))


def test_too_many_requests_stay_a_limit(twin: GithubTwin) -> None:
    twin.state.turned_away, twin.state.limit_seconds = 9, 600
    with pytest.raises(Limited):
        api_at(twin).rate()


def test_the_twin_believes_nobody_elses_signature(twin: GithubTwin) -> None:
    key = load_pem_private_key(twin.app_key.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 540, "iss": APP_ID}
    check_signature(jwt.encode(claims, key, "RS256"))
    signed = {
        "by a stranger": jwt.encode(claims, STRANGER, "RS256"),
        "by nobody": jwt.encode(claims, None, "none"),
        "with a word": jwt.encode(claims, "a word that both know, of thirty-two letters", "HS256"),
        "long ago": jwt.encode({**claims, "iat": now - 900, "exp": now - 300}, key, "RS256"),
        "for too long": jwt.encode({**claims, "exp": now + 900}, key, "RS256"),
        "without an end": jwt.encode({"iat": now - 60, "iss": APP_ID}, key, "RS256"),
        "for another App": jwt.encode({**claims, "iss": "999"}, key, "RS256"),
    }
    for how, token in signed.items():
        with pytest.raises(VendorError) as caught:
            check_signature(token)
        assert caught.value.status == 401, how


GIVEN = {"app_id": APP_ID, "installation": INSTALLATION, "private_key": "env:GITHUB_APP_KEY"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "names nothing that opens it"),
        ({"token": "env:T", **GIVEN}, "token and app_id, installation, private_key are both given"),
        ({"token": "env:T", "app_id": APP_ID}, "token and app_id are both given"),
        *[({name: GIVEN[name] for name in GIVEN if name != gone}, f"{gone} is missing") for gone in GIVEN],
    ],
)
def test_exactly_one_opens_the_repository(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Github(repository="owner/app", **given)


@pytest.mark.parametrize("wrong", ["-----BEGIN RSA PRIVATE KEY-----", "plain", "env:", "file:/key.pem"])
def test_a_private_key_is_only_ever_named(wrong: str) -> None:
    with pytest.raises(ValueError, match="private_key"):
        Github(repository="owner/app", **{**GIVEN, "private_key": wrong})
