"""The vendors' own API documents (OpenAPI 3), and where they are: PIPELINE_VENDOR_DOCUMENTS, or beside the checkout."""

from __future__ import annotations

import functools
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from infra.environment import PROJECT_FOLDER

VARIABLE = "PIPELINE_VENDOR_DOCUMENTS"
BESIDE_THE_CHECKOUT = Path("..", "shared", "vendor-apis")


def documents_folder() -> Path | None:
    """The folder with the vendors' documents; None when it is not there."""
    given = os.environ.get(VARIABLE, "")
    folder = Path(given) if given else PROJECT_FOLDER / BESIDE_THE_CHECKOUT
    return folder if folder.is_dir() else None


@functools.cache
def load_document(path: Path) -> Document:
    """One document, made ready once: schemas of thousands of lines take a moment."""
    return Document(path.name, json.loads(path.read_text()))


class Document:
    """One vendor's document. `name` is the file's."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.name = name
        self._paths: dict[str, Any] = data["paths"]
        self._components = _as_json_schema(data.get("components", {}))
        self._patterns = {template: _pattern(template) for template in self._paths}
        # By the identity of a part of this document, which lives as long as the document.
        self._ready: dict[int, Any] = {}
        # OpenAPI 3.0 stands on an early JSON Schema, 3.1 on a late one.
        is_old = str(data["openapi"]).startswith("3.0")
        self._validator = jsonschema.Draft4Validator if is_old else jsonschema.Draft202012Validator

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that a request belongs to; the template with the fewest unknown parts wins."""
        found = [
            t for t, pattern in self._patterns.items() if pattern.fullmatch(path) and method.lower() in self._paths[t]
        ]
        if not found:
            return None
        template = min(found, key=lambda one: one.count("{"))
        return Operation(self, method, template, self._paths[template])

    def problems(self, schema: Any, value: Any) -> list[str]:
        """What is wrong with `value`, in words; empty when it fits."""
        if id(schema) not in self._ready:
            self._ready[id(schema)] = _as_json_schema(schema)
        whole = {**self._ready[id(schema)], "components": self._components}
        errors = self._validator(whole).iter_errors(value)
        return [
            f"{'.'.join(str(part) for part in one.absolute_path) or 'body'}: {one.message[:300]}"
            for one in map(_closest, errors)
        ]

    def follow(self, node: Any) -> Any:
        """The node that a `$ref` stands for."""
        while isinstance(node, dict) and "$ref" in node:
            *_, kind, name = node["$ref"].split("/")
            node = self._components[kind][name]
        return node


@dataclass(frozen=True)
class Operation:
    """One method of one path in a document."""

    document: Document
    method: str
    template: str
    path_item: dict[str, Any]

    @property
    def details(self) -> dict[str, Any]:
        """What the document says about it."""
        found: dict[str, Any] = self.path_item[self.method.lower()]
        return found

    def parameters(self, where: str) -> dict[str, dict[str, Any]]:
        """By name, those of the operation and of its path; `where` is query, path or header."""
        both = [*self.path_item.get("parameters", []), *self.details.get("parameters", [])]
        found = [self.document.follow(one) for one in both]
        return {one["name"]: one for one in found if one["in"] == where}

    def request_schema(self) -> Any:
        """Of the JSON body; None when the document describes none."""
        body = self.document.follow(self.details.get("requestBody", {}))
        return _json_of(body)

    def response(self, status: int) -> dict[str, Any] | None:
        """What the document declares for a status: itself, its class (`4XX`), or the default."""
        responses = self.details["responses"]
        keys = {str(key).upper(): key for key in responses}
        for name in (str(status), f"{status // 100}XX", "DEFAULT"):
            if name in keys:
                found: dict[str, Any] = self.document.follow(responses[keys[name]])
                return found
        return None


def schema_of(response: dict[str, Any]) -> Any:
    """The schema of a declared response's JSON; None when it describes none."""
    return _json_of(response)


def _json_of(part: dict[str, Any]) -> Any:
    for kind, media in part.get("content", {}).items():
        if "json" in kind and "stream" not in kind:
            return media.get("schema")
    return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


def _closest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Of many alternatives that all fail, the one that nearly fits says most."""
    return best_match(error.context) if error.context else error


def _as_json_schema(node: Any) -> Any:
    """OpenAPI's own words in JSON Schema's: `nullable`; and `oneOf` as `anyOf`, as vendors' alternatives overlap."""
    if isinstance(node, list):
        return [_as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _part(key, value) for key, value in node.items() if key not in ("nullable", "example")}
    if isinstance(node.get("oneOf"), list):
        alternatives = found.pop("oneOf")
        # A vendor's empty list of alternatives means that nothing is known, not that nothing fits.
        found |= {"anyOf": alternatives} if alternatives else {}
    return {"anyOf": [found, {"type": "null"}]} if node.get("nullable") is True else found


def _part(key: str, value: Any) -> Any:
    """The value of one keyword; below `properties` are names, which may be spelt like keywords."""
    if key == "properties" and isinstance(value, dict):
        return {name: _as_json_schema(one) for name, one in value.items()}
    return _as_json_schema(value)
