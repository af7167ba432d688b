"""What can go wrong with a vendor, in the product's one tree, with everything a person needs and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from infra.errors import PipelineError, Rejected, Unknown, Unreachable
from infra.http.call import Call
from infra.redaction import redact

LONGEST_EXCERPT = 300
# Names under which vendors give the id of a request in the answer's headers.
REQUEST_ID_HEADERS = ("x-vercel-id", "x-request-id", "cf-ray", "sb-request-id", "x-github-request-id")
HINTS = {
    400: "the request is wrong: compare it with the vendor's document",
    401: "the token is wrong or has expired: make a new one and put it in the variable that the environment names",
    402: "the vendor's plan does not include it or a bill is open: look at the plan in the vendor's dashboard",
    403: "the token may not do this, or the plan does not include it: widen the token or choose another way",
    404: "it does not exist there: check team, project and ids in the environment file",
    409: "something else is going on there or it is done already: look at the vendor's dashboard",
    429: "too many requests: wait as long as it asks for, then repeat",
}


class Refused(Rejected):
    """The vendor said no. `status` is its HTTP status, `code` its own word for why (empty when it gave none),
    `details` the rest of what it said, which stays in this process: it may hold what was sent."""

    # Apart from the other fields, which cross process borders with the error.
    __slots__ = ("details",)

    def __init__(
        self, message: str, hint: str, status: int, code: str, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.details = dict(details or {})


class Limited(Refused):
    """Not now: there were too many requests, and nothing happened. `wait_seconds` is what it asks to wait."""

    wait_seconds: float = 0.0


def limited(call: Call, answer: httpx.Response, wait_seconds: float) -> Limited:
    """For an answer that asks to come back later."""
    said = refused(call, answer, f"it asks to wait {wait_seconds:.0f} s" if wait_seconds else "")
    found = Limited(said.message, said.hint, said.status, said.code, said.details)
    found.wait_seconds = wait_seconds
    return found


def refused(call: Call, answer: httpx.Response, more_hint: str = "") -> Refused:
    """For a status that is a no."""
    code, words = vendors_words(answer)
    said = f"{code}: {words}" if code and words else code or words or "it gave no reason"
    hint = HINTS.get(answer.status_code, "look at the vendor's document and dashboard")
    message = f"{call.name} answered {answer.status_code} {redact(said)}{_request_id(answer)}"
    whole_hint = "; ".join(filter(None, (more_hint, hint)))
    return Refused(message, whole_hint, answer.status_code, code, _error_of(answer))


def failing(call: Call, answer: httpx.Response, tries: int) -> PipelineError:
    """For a 5xx: a read may be repeated later, a write may have happened."""
    code, words = vendors_words(answer)
    said = redact(": ".join(filter(None, (code, words))))
    message = (
        f"{call.name} answered {answer.status_code}{_times(tries)}{_request_id(answer)}{f': {said}' if said else ''}"
    )
    return _read_or_write(call, message)


def silent(call: Call, error: httpx.RequestError, tries: int, *, was_sent: bool) -> PipelineError:
    """For no answer. When nothing was sent yet nothing happened; else a write may have."""
    what = f"{type(error).__name__}: {redact(str(error)) or 'no more is known'}"
    message = f"{call.name} gave no answer{_times(tries)} ({what})"
    if not was_sent:
        return Unreachable(message, "nothing was sent; check the network and the vendor's status page, then repeat")
    return _read_or_write(call, message)


def malformed(call: Call, answer: httpx.Response, problem: str) -> PipelineError:
    """For an answer that is not what the vendor documents."""
    text = redact(excerpt(answer))
    what = f"{call.name} answered {answer.status_code} with what cannot be read"
    message = f"{what}: {problem}{_request_id(answer)}; it began: {text}"
    if call.is_read:
        return Refused(
            message, "something between us and the vendor may have answered: check api_url", answer.status_code, ""
        )
    return _maybe(message)


def vendors_words(answer: httpx.Response) -> tuple[str, str]:
    """Code and message of an error body, in the forms that vendors use; the body's beginning where it is none."""
    inner = _error_of(answer)
    if not inner:
        return "", excerpt(answer)
    code = inner.get("code", "")
    return str(code if code is not None else ""), str(inner.get("message") or excerpt(answer))[:LONGEST_EXCERPT]


def _error_of(answer: httpx.Response) -> dict[str, Any]:
    """The part of an error's body that says what is wrong; empty when there is none."""
    try:
        data = json.loads(answer.content)
    except ValueError:
        return {}
    if not isinstance(data, dict):
        return {}
    several = data.get("errors")
    first = several[0] if isinstance(several, list) and several else None
    inner = data.get("error") or data.get("err") or first or data
    return inner if isinstance(inner, dict) else {"message": str(data.get("message") or inner)}


def excerpt(answer: httpx.Response) -> str:
    """How the body begins, in one line."""
    text = " ".join(answer.text[: 2 * LONGEST_EXCERPT].split())
    return text[:LONGEST_EXCERPT] or "nothing"


def _read_or_write(call: Call, message: str) -> PipelineError:
    if call.is_read:
        return Unreachable(message, "nothing was changed; look at the vendor's status page and repeat")
    return _maybe(message)


def _maybe(message: str) -> Unknown:
    return Unknown(message, "it may have happened: read it back before anything else")


def request_id(answer: httpx.Response) -> str:
    """The vendor's name for this request, to give to its support; empty when it gave none."""
    return next((answer.headers[name] for name in REQUEST_ID_HEADERS if name in answer.headers), "")


def _request_id(answer: httpx.Response) -> str:
    found = request_id(answer)
    return f" (request {found})" if found else ""


def _times(tries: int) -> str:
    return f" {tries} times" if tries > 1 else ""
