"""Writes down that the revisions of this database were verified, for environments that ask for proof."""

from __future__ import annotations

from infra.schema.applied import applied_revisions
from tasks.release import Release, speaker
from tasks.schema import access_of
from tasks.schema.proof import note_verified
from tasks.stage import Journey, stage


@stage("prove schema", tries=3, journey=Journey(asks_anew=True))
def prove_schema(release: Release) -> str:
    """To be called once the schema is verified and the live version works on it. One line with the number."""
    if release.source.manifest.migrations is None:
        return "no schema"
    applied = [one.id for one in applied_revisions(access_of(release))]
    proven = note_verified(release, applied)
    fact = f"{proven} of {len(applied)} revisions are verified in {release.environment}"
    speaker()(fact)
    return fact
