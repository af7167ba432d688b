"""The data platform as tests see it, and two small questions they ask again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from infra.database.local import LocalDatabase
from infra.environment import Environment, LocalPlatform
from infra.local.object_store import ObjectStore
from infra.local.postgres import ControlPostgres, Primary, Standby


@dataclass(frozen=True)
class DataPlatform:
    """The services, and the database on top of them."""

    environment: Environment
    object_store: ObjectStore
    primary: Primary
    standby: Standby
    control: ControlPostgres
    database: LocalDatabase

    @property
    def services(self) -> tuple[ObjectStore, Primary, Standby, ControlPostgres]:
        """In the order of starting."""
        return (self.object_store, self.primary, self.standby, self.control)


def data_environment(state: Path, first_port: int, name: str = "test") -> Environment:
    """An environment whose four data services take the ports from `first_port`."""
    platform = LocalPlatform(
        edge_ports=(26_990,),
        edge_admin_port=26_991,
        prefect_port=26_992,
        object_store_port=first_port,
        postgres_port=first_port + 1,
        standby_port=first_port + 2,
        control_postgres_port=first_port + 3,
    )
    return Environment(name=name, kind="local", state_folder=str(state), platform=platform)


def rows(url: str, question: str) -> list[tuple[object, ...]]:
    """What a database answers to one statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question)
        return cursor.fetchall() if cursor.description else []


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold in that time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
