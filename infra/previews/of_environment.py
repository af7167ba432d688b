"""Which previews an environment has: on this machine where all is local, else at its vendors."""

from __future__ import annotations

from infra.environment import Environment
from infra.hosting.vercel_project import VercelProject
from infra.previews import Previews
from infra.previews.local import LocalPreviews
from infra.previews.vercel import VendorPreviews
from infra.vendor_platform import PLAIN, vercel_settings


def previews_of(environment: Environment, app: str) -> Previews:
    """Those of `app`. Asks nobody yet. Raises BadInput naming what the environment's file lacks."""
    if environment.kind == "local":
        return LocalPreviews(environment, app)
    project = VercelProject(vercel_settings(environment))
    return VendorPreviews(environment, project, plain=(*PLAIN, *environment.previews.variables))
