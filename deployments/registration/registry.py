"""What registration asks a Prefect server, through Prefect's own client: it knows of credentials, CSRF and patience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from infra.errors import BadInput, PipelineError, Rejected, Unknown, Unreachable
from infra.redaction import redact

PAGE, PAGES = 200, 100  # the server's own limit; more than this it does not hold
AGAIN = "do it again"
WHERE = "is that Prefect's API? its address ends in /api"

Row = dict[str, Any]


class Registry:
    """`url` ends in /api. Everything raises Unreachable after silence, Rejected after a no, and Unknown for an answer
    that Prefect would not give."""

    def __init__(self, url: str) -> None:
        self.url = url
        api = get_current_settings().api
        key, words = api.key, api.auth_string
        self._client = SyncPrefectClient(
            url,
            auth_string=words.get_secret_value() if words else None,
            api_key=key.get_secret_value() if key else None,
        )

    def all_of(self, what: str, asked: Row | None = None) -> list[Row]:
        """Every row of `POST /<what>/filter`."""
        rows: list[Row] = []
        for _ in range(PAGES):
            body = {**(asked or {}), "limit": PAGE, "offset": len(rows)}
            page = self._ask("POST", f"/{what}/filter", body)
            if not isinstance(page, list) or not all(isinstance(row, dict) for row in page):
                raise Unknown(f"{self.url}/{what}/filter gave no list: {str(page)[:200]}", WHERE)
            rows += page
            if len(page) < PAGE:
                return rows
        raise Unknown(f"{self.url}/{what}/filter gave {len(rows)} rows and has no end", WHERE)

    def find(self, path: str) -> Row | None:
        """One row; None where there is nothing."""
        try:
            return self._row(path, self._ask("GET", path))
        except BadInput:
            return None

    def post(self, path: str, body: Row) -> Row:
        """Make it; the row."""
        return self._row(path, self._ask("POST", path, body))

    def send(self, method: str, path: str, body: Row | None = None) -> None:
        """Change or remove. What is gone already is no error when it should go."""
        try:
            self._ask(method, path, body)
        except BadInput:
            if method != "DELETE":
                raise

    @contextmanager
    def by_prefect(self, what: str) -> Iterator[None]:
        """For what Prefect's own classes send to this server; `what` is said of it when it fails."""
        with temporary_settings(updates={PREFECT_API_URL: self.url}), self._named(f"{what} at {self.url}"):
            yield

    def flow_names(self) -> dict[str, str]:
        """Names by id."""
        return {row["id"]: row["name"] for row in self.all_of("flows")}

    def _row(self, path: str, answer: Any) -> Row:
        if not isinstance(answer, dict) or "id" not in answer:
            raise Unknown(f"{self.url}{path} gave no row: {str(answer)[:200]}", WHERE)
        return answer

    def _ask(self, method: str, path: str, body: Row | None = None) -> Any:
        with self._named(f"{method} {self.url}{path}"):
            answer = self._client.request(cast(Any, method), cast(Any, path), json=body)
            return answer.json() if answer.content else None

    @contextmanager
    def _named(self, asked: str) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPStatusError as error:
            raise _no(asked, error.response) from error
        except (ObjectNotFound, ObjectAlreadyExists) as error:
            raise Rejected(f"{asked}: {type(error).__name__}: somebody else changed it meanwhile", AGAIN) from error
        except httpx.TransportError as error:
            raise Unreachable(f"no answer from {self.url} ({type(error).__name__})", "start Prefect") from error
        except ValueError as error:
            raise Unknown(f"{asked} was not answered as Prefect would ({type(error).__name__})", WHERE) from error


def _no(asked: str, answer: httpx.Response) -> PipelineError:
    code, said = answer.status_code, redact(answer.text)[:500]  # Prefect's 422 repeats what it was sent
    if code == 404:
        return BadInput("prefect", f"{asked}: there is no such thing", WHERE)
    if code in (401, 403):
        return Rejected(f"{asked} answered {code}: {said}", "set PREFECT_API_AUTH_STRING or PREFECT_API_KEY")
    if code >= 500 or code == 429:
        return Unreachable(f"{asked} answered {code}: {said}", "look at the server's log, then do it again")
    return Rejected(f"{asked} answered {code}: {said}")
