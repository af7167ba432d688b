"""Fetches the version and reads its manifest. Refuses what cannot be released before anything is touched."""

from __future__ import annotations

from infra.code_host.git import Git
from infra.environment import load_environment
from infra.errors import BadInput, PipelineError
from infra.files import make_folder
from infra.manifest import read_manifest
from infra.platform import connect, objects_of
from tasks.release import Release, speaker
from tasks.stage import stage


@stage("checkout", run_name="checkout {ref}", tries=3)
def checkout(environment: str, repository: str, ref: str, release_id: str) -> Release:
    """The release, with its files on disk.

    Raises BadInput for an environment, repository, ref or manifest that cannot be, and when the platform
    of the environment is not up.
    """
    say = speaker()
    settings = load_environment(environment)
    git = Git(make_folder(settings.state / "repositories"))
    version = git.resolve(repository, ref)
    folder = make_folder(settings.state / "sources") / version
    git.checkout(repository, version, folder, say)
    manifest = read_manifest(folder)
    connect(settings, manifest.name)
    check_platform(environment)
    release = Release(release_id, environment, manifest.name, repository, ref, version, ref, str(folder))
    label = release.source.label
    say(f"{manifest.name} {label} is commit {version[:12]} of {repository}")
    return Release(**{**release.__dict__, "label": label})


def check_platform(environment: str) -> None:
    """Raises BadInput when the object store does not answer: nothing could be written down."""
    try:
        objects_of(load_environment(environment)).list("releases/none/")
    except PipelineError as error:
        raise BadInput("platform", f"of {environment} does not answer: {error.message}", "run `pipeline up`") from error
