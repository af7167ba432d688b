"""Holds what went over a twin's wire against the vendor's own documents: every request, and every answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.twins.documents import Document, Operation, schema_of
from deployments.twins.wire import Entry, Reply, Request
from infra.http import Call


@dataclass(frozen=True)
class Checked:
    """One entry of a twin's log. `document` is empty where no document describes the call; `problems` are the
    differences from the document, `left_out` the fields that were taken out of the request first, as declared."""

    operation: str
    document: str
    problems: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    @property
    def is_described(self) -> bool:
        """Whether a document describes the call."""
        return bool(self.document)


def check_entry(entry: Entry, documents: Sequence[Document], calls: Mapping[str, Call]) -> Checked:
    """Compare with the first document that has the call. `calls` are our client's, by operation."""
    call = calls.get(entry.operation)
    fields = call.outside_fields if call else ()
    for document in documents:
        operation = document.find(entry.request.method, entry.request.path)
        if operation:
            request, left_out = _without(entry.request, fields)
            problems = [*request_problems(operation, request), *answer_problems(operation, entry)]
            return Checked(entry.operation, document.name, tuple(problems), left_out)
    return Checked(entry.operation, "", ())


def request_problems(operation: Operation, request: Request) -> list[str]:
    """What the document does not allow: parameters, body."""
    found = [f"request: {problem}" for problem in _query_problems(operation, request)]
    schema = operation.request_schema()
    if schema is None:
        # An empty object says nothing; some vendors' own clients send one where nothing is declared.
        if request.body not in (b"", b"{}") and not _is_binary(operation):
            found.append("request: has a body where the document declares none")
    elif request.body:
        found += [f"request: {problem}" for problem in operation.document.problems(schema, request.data)]
    return found


def answer_problems(operation: Operation, entry: Entry) -> list[str]:
    """What the twin answers otherwise than the document says. A mood's answers are not the vendor's.

    Vendors leave out most of the ways in which they say no: a 4xx or 5xx that is not declared proves nothing.
    """
    reply = entry.reply
    if reply is None or entry.mood in ("limited", "failing", "forbidden"):
        return []
    declared = operation.response(reply.status)
    if declared is None and reply.status >= 400:
        return []
    if declared is None:
        known = ", ".join(operation.details["responses"])
        return [f"answer: status {reply.status} is not declared ({known})"]
    return [f"answer {reply.status}: {problem}" for problem in _body_problems(operation, declared, reply)]


def _body_problems(operation: Operation, declared: dict[str, Any], reply: Reply) -> list[str]:
    schema = schema_of(declared)
    if schema is None or reply.content is not None:
        return []
    return operation.document.problems(schema, json.loads(reply.payload or b"null"))


def _query_problems(operation: Operation, request: Request) -> list[str]:
    declared = operation.parameters("query")
    found = [f"query {name!r} is not declared" for name in request.query if name.removesuffix("[]") not in declared]
    for name, parameter in declared.items():
        if parameter.get("required") and name not in request.query:
            found.append(f"query {name!r} is required")
        if name in request.query and "schema" in parameter:
            found += [f"query {name}: {one}" for one in _value_problems(operation, parameter, request.query[name])]
    return found


def _value_problems(operation: Operation, parameter: dict[str, Any], text: str) -> list[str]:
    """A value fits when any reading of its text does: as a word, a number or a boolean."""
    readings: list[Any] = [text, text.split(",")]
    with contextlib.suppress(ValueError):
        readings.append(json.loads(text))
    outcomes = [operation.document.problems(parameter["schema"], reading) for reading in readings]
    return [] if [] in outcomes else outcomes[0]


def _without(request: Request, fields: Iterable[str]) -> tuple[Request, tuple[str, ...]]:
    """The request without the fields that its document is known to leave out, and which of them it had."""
    if not fields:
        return request, ()
    query = {name: value for name, value in request.query.items() if name not in fields}
    had = [name for name in request.query if name in fields]
    body = request.body
    if "*" in fields and body:
        body, had = b"", [*had, "the whole body"]
    elif body[:1] == b"{":
        data = request.data
        had += [name for name in data if name in fields]
        body = json.dumps({name: value for name, value in data.items() if name not in fields}).encode()
    return Request(request.method, request.path, query, request.headers, body, request.values), tuple(had)


def _is_binary(operation: Operation) -> bool:
    content = operation.document.follow(operation.details.get("requestBody", {})).get("content", {})
    return "application/octet-stream" in content
