"""What goes over a twin's wire: requests as they came, replies as they go, and the record of both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """As it came. `headers` have lower-case names; `values` are what the path's template names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Any:
        """The body as JSON; None when it is empty. Raises ValueError."""
        return json.loads(self.body) if self.body.strip() else None

    @property
    def bearer(self) -> str:
        """The token that it came with; empty when there is none."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    """`data` goes out as JSON; `content` as it is, with `content_type`, when there is any."""

    status: int = 200
    data: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"

    @property
    def payload(self) -> bytes:
        """The body's bytes."""
        if self.content is not None:
            return self.content
        return b"" if self.data is None else json.dumps(self.data).encode()


@dataclass(frozen=True)
class Entry:
    """One call in a twin's log. `reply` is what the twin meant to say, None when it did nothing; `mood` what came
    in between (empty: nothing), and `operation` is empty for a path that the twin does not know."""

    operation: str
    template: str
    request: Request
    reply: Reply | None
    mood: str
    time: float
