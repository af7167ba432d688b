"""What a client asks of a vendor, as data: a machine makes the table of calls from it and checks them."""

from __future__ import annotations

import string
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.errors import BadInput

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# RFC 9110, 9.2.2: the methods that have the same effect when they are sent twice.
REPEATABLE: tuple[Method, ...] = ("GET", "HEAD", "PUT", "DELETE")


@dataclass(frozen=True)
class Call:
    """`path` is a template such as `/v9/projects/{idOrName}`, as the vendor's document writes it.

    `source` is the document that describes the call (`vercel.json`); `outside` says, where none does, who is
    known to send it, and `outside_fields` the same for fields of the request that its document leaves out.
    `is_idempotent` marks a POST or PATCH that has the same effect when it is sent twice.
    """

    vendor: str
    operation: str
    method: Method
    path: str
    source: str = ""
    outside: str = ""
    outside_fields: tuple[str, ...] = ()
    is_idempotent: bool = False

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method in ("GET", "HEAD")

    @property
    def is_safe_to_repeat(self) -> bool:
        """Whether it may be sent again when we cannot tell if it arrived."""
        return self.is_idempotent or self.method in REPEATABLE

    @property
    def name(self) -> str:
        """For people: vendor, operation, method and path template; never a value."""
        return f"{self.vendor} {self.operation} ({self.method} {self.path})"

    def fill(self, values: Mapping[str, str]) -> str:
        """The path with its values, escaped. Raises BadInput naming the one that is missing or empty."""
        for _, field, _, _ in string.Formatter().parse(self.path):
            if field and not values.get(field, "").strip():
                raise BadInput(f"{self.operation}.{field}", "is empty", f"{self.name} needs it in its path")
        return self.path.format_map({name: urllib.parse.quote(value, safe="") for name, value in values.items()})
