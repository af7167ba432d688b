"""An app behind an edge that really runs, for each implementation of the edge."""

from __future__ import annotations

import itertools
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from tiny_app import TinyApp

from infra.edge import Edge, SlotCounts, Target
from infra.edge.caddy import CaddyEdge
from infra.edge.sites import Sites
from infra.environment import Environment, LocalPlatform, Traffic
from infra.local.edge import EdgeProxy

NUMBERS = itertools.count(1)
SITES = 16
PORTS = range(26_200, 26_300)


@dataclass
class Shop:
    """An app behind an edge, with v1 in blue and v2 in green once `open_with_both` was called."""

    edge: Edge
    port: int
    v1: TinyApp
    v2: TinyApp
    opened: float = field(default_factory=time.time)

    @property
    def first(self) -> Target:
        return Target("d1", self.v1.address, "v1")

    @property
    def second(self) -> Target:
        return Target("d2", self.v2.address, "v2")

    def open_with_both(self, weight: int = 0) -> None:
        self.edge.attach("blue", self.first)
        self.edge.make_live("blue")
        self.edge.attach("green", self.second)
        self.edge.weigh(weight)

    def totals(self, slow_ms: float = 500) -> dict[str, SlotCounts]:
        """What each slot was asked since the shop opened, up to now. p95_ms is the highest second's."""
        time.sleep(1.01 - time.time() % 1)
        found = self.edge.counts(int(self.opened), slow_ms)
        return {slot: _sum([row for row in found if row.slot == slot]) for slot in {row.slot for row in found}}


def _sum(rows: list[SlotCounts]) -> SlotCounts:
    return SlotCounts(
        rows[0].start,
        rows[0].slot,
        sum(row.requests for row in rows),
        sum(row.failures for row in rows),
        sum(row.slow for row in rows),
        max(row.p95_ms for row in rows),
    )


class CaddyPlace:
    """Caddy on this machine, with as many sites as are asked for."""

    def __init__(self, folder: Path, *, sticky: bool = True) -> None:
        self._folder = folder
        self._sticky = sticky
        self._environments: list[Environment] = []

    def open_site(self) -> tuple[Edge, int]:
        number = next(NUMBERS)
        environment = self.environment()
        port = EdgeProxy(environment).site(f"app-{number}")
        return CaddyEdge(environment, f"app-{number}"), port

    def environment(self) -> Environment:
        """One with a free site, its Caddy up."""
        if not self._environments or len(Sites(self._environments[-1]).book()) == SITES:
            state = self._folder / str(len(self._environments))
            environment = caddy_environment(state, SITES, sticky=self._sticky)
            EdgeProxy(environment).up(print)
            self._environments.append(environment)
        return self._environments[-1]

    def close(self) -> None:
        for environment in self._environments:
            EdgeProxy(environment).down(print)


def caddy_environment(state: Path, sites: int, *, sticky: bool = True) -> Environment:
    *ports, admin_port = _free_ports(sites + 1)
    platform = LocalPlatform(edge_ports=tuple(ports), edge_admin_port=admin_port)
    traffic = Traffic(sticky=sticky)
    return Environment(name="local", kind="local", state_folder=str(state), platform=platform, traffic=traffic)


def _free_ports(count: int) -> list[int]:
    """Below the range out of which connections get theirs, so that nobody takes one before we listen."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = PORTS.start + worker * 25 % len(PORTS)
    in_turn = (*range(first, PORTS.stop), *range(PORTS.start, first))
    return list(itertools.islice((port for port in in_turn if _is_free(port)), count))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
