"""Documents and the comparison with them, on a small document with the oddities of the large ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployments.twins.contract import check_entry
from deployments.twins.documents import Document, documents_folder, load_document
from deployments.twins.wire import Entry, Reply, Request
from infra.http import Call

BOOK = {"$ref": "#/components/schemas/Book"}
SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/books/{name}": {
            "get": {
                "parameters": [{"name": "full", "in": "query", "schema": {"type": "boolean"}}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}
                },
            },
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["copies"],
                                "properties": {"copies": {"type": "integer"}, "example": {"type": "string"}},
                            }
                        }
                    }
                },
                "responses": {"201": {}},
            },
        },
        "/books/best": {"get": {"responses": {"200": {}}}},
    },
    "components": {
        "schemas": {
            "Book": {
                "type": "object",
                "required": ["price"],
                "properties": {
                    "price": {"type": "number", "nullable": True},
                    # Both fit: vendors' alternatives overlap.
                    "shelf": {"oneOf": [{"type": "object"}, {"type": "object", "properties": {}}]},
                },
            }
        }
    },
}


@pytest.fixture
def shop() -> Document:
    return Document("shop.json", SHOP)


def entry(method: str, path: str, reply: Reply | None = None, body: Any = None, mood: str = "", **query: str) -> Entry:
    content = json.dumps(body).encode() if body is not None else b""
    return Entry("op", path, Request(method, path, query, {}, content), reply or Reply(200), mood, 0.0)


def problems(shop: Document, one: Entry, *fields: str) -> tuple[str, ...]:
    call = Call("Shop", "op", "GET", "/x", outside_fields=fields)
    return check_entry(one, [shop], {"op": call}).problems


def test_what_fits_has_no_problem(shop: Document) -> None:
    book = Reply(200, {"price": None, "shelf": {"row": 1}})
    assert problems(shop, entry("GET", "/books/moby", book, full="true")) == ()
    assert problems(shop, entry("POST", "/books/moby", Reply(201), {"copies": 2, "example": "x"})) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [({"copies": "two"}, "copies: 'two'"), ({}, "'copies' is a required"), ({"copies": 1, "gift": 1}, "'gift' was un")],
)
def test_a_request_that_does_not_fit_is_named(shop: Document, body: Any, said: str) -> None:
    assert said in problems(shop, entry("POST", "/books/moby", Reply(201), body))[0]


def test_a_query_that_is_not_declared_or_of_the_wrong_type_is_named(shop: Document) -> None:
    book = Reply(200, {"price": 1})
    assert problems(shop, entry("GET", "/books/moby", book, colour="red")) == (
        "request: query 'colour' is not declared",
    )
    assert "'maybe'" in problems(shop, entry("GET", "/books/moby", book, full="maybe"))[0]


def test_an_answer_that_does_not_fit_is_named_and_a_moods_answer_is_not_the_vendors(shop: Document) -> None:
    assert problems(shop, entry("GET", "/books/moby", Reply(200, {}))) == (
        "answer 200: body: 'price' is a required property",
    )
    assert problems(shop, entry("GET", "/books/moby", Reply(204))) == ("answer: status 204 is not declared (200)",)
    assert problems(shop, entry("GET", "/books/moby", Reply(404, {}))) == (), "few vendors declare their errors"
    assert problems(shop, entry("GET", "/books/moby", Reply(429, {}), mood="limited")) == ()


def test_a_field_that_is_declared_as_outside_is_left_out_and_named(shop: Document) -> None:
    sent = entry("POST", "/books/moby", Reply(201), {"copies": 1, "gift": True}, wrap="1")
    found = check_entry(sent, [shop], {"op": Call("Shop", "op", "POST", "/x", outside_fields=("gift", "wrap"))})
    assert (found.problems, sorted(found.left_out)) == ((), ["gift", "wrap"])


def test_the_closer_path_is_taken_and_one_that_is_nowhere_is_described_by_nobody(shop: Document) -> None:
    best, other = shop.find("GET", "/books/best"), shop.find("GET", "/books/other")
    assert (best and best.template, other and other.template) == ("/books/best", "/books/{name}")
    assert not check_entry(entry("GET", "/magazines"), [shop], {}).is_described


def test_the_folder_is_the_variables_and_a_document_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.json").write_text(json.dumps(SHOP))
    monkeypatch.setenv("PIPELINE_VENDOR_DOCUMENTS", str(tmp_path))
    assert documents_folder() == tmp_path
    assert load_document(tmp_path / "shop.json") is load_document(tmp_path / "shop.json")
    monkeypatch.setenv("PIPELINE_VENDOR_DOCUMENTS", str(tmp_path / "gone"))
    assert documents_folder() is None
