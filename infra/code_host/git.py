"""Git repositories by path or URL, through a mirror of each on this machine. Only commits count, never a work tree.

Submodules are not fetched and files in Git LFS arrive as pointers; a line says so for each version that has them.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.code_host.git_access import locate, trust, variables_for
from infra.code_host.git_errors import translate
from infra.code_host.git_refs import choose, read_refs
from infra.commands import Command, Outcome, Say, run
from infra.errors import BadInput, CommandFailed, Unknown
from infra.files import make_folder, write_atomically

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_HEAD = "+HEAD:refs/pipeline/HEAD"


@dataclass(frozen=True)
class Git:
    """A CodeHost. `cache` holds the mirrors; it may be deleted at any time when nothing runs."""

    cache: Path
    timeout_seconds: float = 300

    def resolve(self, repository: str, ref: str) -> str:
        """The full commit id of a branch, a tag, a commit id of 4 characters or more, or HEAD.

        Raises BadInput for a repository or ref that does not exist or is ambiguous, Unreachable when the repository
        does not answer, Rejected when it lets us not in.
        """
        source = locate(repository)
        with self._mirror(source) as mirror:
            self._fetch(mirror, source)
            listed = self._git(mirror, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)").output
            like = self._git(mirror, "rev-parse", f"--disambiguate={ref}").output.split() if _is_short(ref) else []
            commits = [one for one in like if self._is_commit(mirror, one)]
        return choose(repository, ref, read_refs(listed), commits)

    def checkout(self, repository: str, version: str, folder: Path, say: Say) -> None:
        """Write the files of commit `version` to `folder`, which appears whole or not at all; harmless when they are
        there already. Raises as `resolve` does, and BadInput when `folder` holds something else."""
        if not _COMMIT.fullmatch(version):
            raise BadInput("version", f"{version!r} is not a full commit id", "resolve it first")
        folder = folder.absolute()
        note = folder.with_name(f".{folder.name}.version")
        if folder.exists():
            _check_is_ours(folder, note, version)
            return
        source = locate(repository)
        with self._mirror(source) as mirror:
            if not self._is_commit(mirror, version):
                self._fetch(mirror, source)
            if not self._is_commit(mirror, version):
                raise BadInput("version", f"{version} is not in {repository}", "push the branch that holds it")
            self._say_what_is_left_out(mirror, source, version, say)
            self._write(mirror, version, folder, note)
        say(f"checked out {version[:12]} of {repository}")

    def _write(self, mirror: Path, version: str, folder: Path, note: Path) -> None:
        """Through an index of its own: `git archive` would leave out what .gitattributes marks export-ignore."""
        make_folder(folder.parent)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as temporary:
            aside = Path(temporary, "files")
            aside.mkdir()
            place = {"GIT_INDEX_FILE": str(Path(temporary, "index")), "GIT_WORK_TREE": str(aside)}
            self._git(mirror, "read-tree", "--reset", "-u", version, variables=place)
            write_atomically(note, version)
            aside.rename(folder)

    @contextmanager
    def _mirror(self, source: str) -> Iterator[Path]:
        """The mirror's folder, held by one process at a time."""
        name = f"{re.sub(r'[^A-Za-z0-9-]+', '-', source.rstrip('/').rpartition('/')[2])[:40]}"
        mirror = make_folder(self.cache) / f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.git"
        with mirror.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (mirror / "HEAD").exists():
                shutil.rmtree(mirror, ignore_errors=True)  # half made, by a process that died
                run(Command(("git", "init", "--quiet", "--bare", "--template=", str(mirror)), timeout_seconds=60))
            write_atomically(mirror / "trust", trust(source))
            yield mirror

    def _fetch(self, mirror: Path, source: str) -> None:
        words = ("fetch", "--quiet", "--prune", "--update-shallow", "--no-write-fetch-head", "--no-recurse-submodules")
        try:
            self._git(mirror, *words, "--", source, _HEAD, *_REFSPECS)
        except CommandFailed as error:
            if "couldn't find remote ref HEAD" not in error.tail:
                raise translate(source, error) from error
            self._fetch_without_head(mirror, source, words)
        except Unknown as error:
            raise translate(source, error) from error

    def _fetch_without_head(self, mirror: Path, source: str, words: tuple[str, ...]) -> None:
        """A repository whose HEAD names a branch that is not there yet may still have others."""
        self._git(mirror, "update-ref", "-d", "refs/pipeline/HEAD")
        try:
            self._git(mirror, *words, "--", source, *_REFSPECS)
        except (CommandFailed, Unknown) as error:
            raise translate(source, error) from error

    def _say_what_is_left_out(self, mirror: Path, source: str, version: str, say: Say) -> None:
        for line in self._git(mirror, "ls-tree", "-r", version).output.splitlines():
            if line.startswith("160000 "):
                say(f"submodule {line.partition(chr(9))[2]} is not fetched: its folder stays empty")
        asked = ("grep", "--quiet", "filter=lfs", version, "--", ".gitattributes", "**/.gitattributes")
        if self._git(mirror, *asked, accept=(0, 1)).code == 0:
            say("files in Git LFS arrive as pointers, without their content")
        if source.startswith("/") and (changed := self._uncommitted(mirror, Path(source))):
            say(f"{changed} uncommitted changes in {source} are not part of {version[:12]}: only commits count")

    def _uncommitted(self, mirror: Path, folder: Path) -> int:
        """Changed and new files of a work tree; 0 for a bare repository, which has none."""
        if not (folder / ".git").exists():
            return 0
        words = ("git", "-C", str(folder), "-c", "core.fsmonitor=false", "status", "--porcelain")
        what = Command(words, variables=variables_for(mirror), timeout_seconds=self.timeout_seconds)
        return len(run(what).output.splitlines())

    def _is_commit(self, mirror: Path, name: str) -> bool:
        """Exit code 1 or 128: there is no such object, or it is a tree or a file."""
        asked = ("cat-file", "-e", f"{name}^{{commit}}")
        return self._git(mirror, *asked, accept=(0, 1, 128)).code == 0

    def _git(
        self, mirror: Path, *words: str, variables: dict[str, str] | None = None, accept: tuple[int, ...] = (0,)
    ) -> Outcome:
        quiet = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.hooksPath=/dev/null")
        arguments = ("git", *quiet, f"--git-dir={mirror}", *words)
        return run(
            Command(
                arguments, variables=variables_for(mirror) | (variables or {}), timeout_seconds=self.timeout_seconds
            ),
            accept=accept,
        )


def _is_short(ref: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{4,64}", ref) is not None


def _check_is_ours(folder: Path, note: Path, version: str) -> None:
    held = note.read_text() if note.exists() else "something that was not checked out here"
    if held != version:
        raise BadInput("folder", f"{folder} holds {held}, not {version}", "choose another folder, or remove it")
