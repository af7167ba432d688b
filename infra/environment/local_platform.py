"""Where the embedded platform listens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from infra.config import Part

Port = Annotated[int, Field(ge=1, le=65535)]


class LocalPlatform(Part):
    """Ports of the embedded platform, all on 127.0.0.1. One edge port for each app, in order of first release.

    `object_store_url` is where clients of the object store go when something stands before it.
    """

    edge_ports: tuple[Port, ...] = Field((8080, 8081, 8082, 8083), min_length=1, max_length=16)
    edge_admin_port: Port = 2019
    postgres_port: Port = 5440
    standby_port: Port = 5441
    control_postgres_port: Port = 5442
    object_store_port: Port = 9100
    prefect_port: Port = 4200
    object_store_url: str = Field("", pattern=r"^(https?://[^\s/?#@]+)?$")

    @model_validator(mode="after")
    def _ports_differ(self) -> LocalPlatform:
        ports = [*self.edge_ports, *(getattr(self, n) for n in type(self).model_fields if n.endswith("_port"))]
        twice = sorted({port for port in ports if ports.count(port) > 1})
        if twice:
            raise ValueError(f"port {twice[0]} is given to two things; each needs its own")
        return self
