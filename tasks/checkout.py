"""Fetches the version and reads its manifest. Refuses what cannot be released before anything is touched."""

from __future__ import annotations

from typing import cast

from prefect.states import Completed

from infra.code_host.git import Git
from infra.environment import load_environment
from infra.errors import BadInput, PipelineError
from infra.files import make_folder
from infra.manifest import FILE_NAME, read_manifest
from infra.platform import connect, objects_of
from tasks.records import Record, find_record
from tasks.release import Release, speaker
from tasks.stage import TAKEN_OVER, stage


@stage("checkout", run_name="checkout {ref}", tries=3)
def checkout(
    environment: str,
    repository: str,
    ref: str,
    release_id: str,
    known: Record | None = None,
    *,
    is_passing: bool = False,
) -> Release:
    """The release, with its files on disk. One that is `known` keeps its commit, whatever the ref means by now.

    What `is_passing`, as a preview is, has its files among its own working copies, which go when it has ended.
    Raises BadInput for an environment, repository, ref or manifest that cannot be, and when the platform
    of the environment is not up.
    """
    say = speaker()
    settings = load_environment(environment)
    if known and (settings.state / "sources" / known.release.version / FILE_NAME).exists():
        said = f"taken over from attempt {known.attempt}: commit {known.release.version[:12]} is here"
        say(said)
        return cast(Release, Completed(name=TAKEN_OVER, message=said, data=known.release))
    git = Git(make_folder(settings.state / "repositories"))
    version = known.release.version if known else git.resolve(repository, ref)
    passing = settings.state / "checks" / release_id / "source"
    folder = passing if is_passing else make_folder(settings.state / "sources") / version
    git.checkout(repository, version, folder, say)
    manifest = read_manifest(folder)
    connect(settings, manifest.name)
    release = Release(release_id, environment, manifest.name, repository, ref, version, ref, str(folder))
    label = release.source.label
    say(f"{manifest.name} {label} is commit {version[:12]} of {repository}")
    return Release(**{**release.__dict__, "label": label})


@stage("look for an earlier attempt", tries=3)
def find_attempt(environment: str, release_id: str) -> Record | None:
    """What is on record of this release. Raises BadInput when the platform is not up: nothing could be written down."""
    try:
        return find_record(objects_of(load_environment(environment)), release_id)
    except BadInput:
        raise
    except PipelineError as error:
        raise BadInput("platform", f"of {environment} does not answer: {error.message}", "run `pipeline up`") from error
