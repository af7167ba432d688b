"""A vendor's yes: its status and its data, read into a typed record or refused with a clear text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from infra.http import errors
from infra.http.call import Call


class Record(BaseModel):
    """Part of an answer: only the fields that we use, whatever else the vendor adds."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


Read = TypeVar("Read")


@dataclass(frozen=True)
class Answer:
    """`response` is the vendor's whole answer."""

    call: Call
    response: httpx.Response

    @property
    def status(self) -> int:
        """The HTTP status, 200 to 299, or one that the caller accepts."""
        return self.response.status_code

    @property
    def data(self) -> Any:
        """The body as JSON; None when it is empty. Raises Unknown for a write that answered something else."""
        if not self.response.content.strip():
            return None
        try:
            return json.loads(self.response.content)
        except ValueError as error:
            raise errors.malformed(self.call, self.response, "it is not JSON") from error

    def read(self, kind: type[Read]) -> Read:
        """The body as a `kind` (a Record, or a list of them).

        Raises Refused when a read answers something else, Unknown when a write does.
        """
        try:
            return TypeAdapter(kind).validate_python(self.data)
        except ValidationError as error:
            raise errors.malformed(self.call, self.response, _first(error)) from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where or 'the body'}: {first['msg']}"
