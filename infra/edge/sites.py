"""Which app is served at which of the edge's ports. Given once, in order of first release, and kept."""

from __future__ import annotations

import json

from infra.environment import Environment
from infra.errors import BadInput
from infra.files import locked, write_atomically


class Sites:
    """The book of sites of one environment."""

    def __init__(self, environment: Environment) -> None:
        self.folder = environment.state / "edge"
        self._name = environment.name
        self._ports = environment.platform.edge_ports
        self._book = self.folder / "sites.json"

    def port(self, app: str) -> int:
        """The port of `app`, given to it now if it has none. Raises BadInput when there is no port for it."""
        if not app.strip():
            raise BadInput("app", "is empty", "give the name from the app's pipeline.toml")
        with locked(self.folder / "sites.lock"):
            book = self.book()
            port = book.get(app) or self._first_free(app, book)
            if app not in book:
                write_atomically(self._book, json.dumps(book | {app: port}, indent=1))
        if port not in self._ports:
            raise BadInput(
                "platform.edge_ports",
                f"no longer has {port}, where {app!r} is served",
                f"put {port} back into {self._name}.toml",
            )
        return port

    def book(self) -> dict[str, int]:
        """Every app that has a port, with its port. Raises BadInput when the book is damaged."""
        if not self._book.exists():
            return {}
        try:
            return {str(app): int(port) for app, port in json.loads(self._book.read_text()).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise BadInput(str(self._book), f"is damaged: {error}", 'write it anew, as {"app": port}') from error

    def _first_free(self, app: str, book: dict[str, int]) -> int:
        free = [port for port in self._ports if port not in book.values()]
        if not free:
            taken = ", ".join(f"{name} on {port}" for name, port in book.items())
            raise BadInput(
                "platform.edge_ports",
                f"has no port left for {app!r}: {taken}",
                f"add a port to edge_ports in {self._name}.toml, then run `pipeline up`",
            )
        return free[0]
