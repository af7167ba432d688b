"""Versions come out of real repositories whole, or not at all with the reason."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.code_host.git import Git
from infra.errors import BadInput, Rejected, Unreachable
from infra.ports import free_port

IDENTITY = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *words: str) -> str:
    """Git as a developer would run it, away from this machine's own settings."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *IDENTITY, *words], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, name: str, content: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", name)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "server.js", "one")
    return folder


@pytest.fixture
def host(tmp_path: Path) -> Git:
    return Git(tmp_path / "cache", timeout_seconds=60)


@pytest.fixture
def said() -> list[str]:
    return []


def test_a_branch_a_tag_head_and_ids_all_resolve_to_the_full_commit(repository: Path, host: Git) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1.0.0", "-m", "annotated: its own id is not the commit's")
    git(repository, "tag", "light")
    refs = ["main", "v1.0.0", "light", "refs/heads/main", "refs/tags/v1.0.0", "HEAD", head, head[:7]]
    assert {ref: host.resolve(str(repository), ref) for ref in refs} == dict.fromkeys(refs, head)


def test_a_new_commit_is_seen_and_a_moved_branch_is_followed(repository: Path, host: Git) -> None:
    before = host.resolve(str(repository), "main")
    after = commit(repository, "server.js", "two")
    assert host.resolve(str(repository), "main") == after != before
    git(repository, "reset", "-q", "--hard", before)
    assert host.resolve(str(repository), "main") == before


def test_a_branch_that_was_deleted_no_longer_resolves(repository: Path, host: Git) -> None:
    git(repository, "branch", "gone")
    host.resolve(str(repository), "gone")
    git(repository, "branch", "-D", "gone")
    with pytest.raises(BadInput, match="'gone' is no branch"):
        host.resolve(str(repository), "gone")


def test_an_unknown_ref_names_near_ones(repository: Path, host: Git) -> None:
    git(repository, "tag", "v1.0.0")
    with pytest.raises(BadInput, match=r"did you mean v1\.0\.0\?") as caught:
        host.resolve(str(repository), "v1.0.1")
    assert caught.value.field == "ref"


def test_a_branch_and_a_tag_of_one_name_are_ambiguous_and_the_full_name_helps(repository: Path, host: Git) -> None:
    git(repository, "tag", "next")
    git(repository, "checkout", "-q", "-b", "next")
    tip = commit(repository, "server.js", "two")
    with pytest.raises(BadInput, match=r"refs/heads/next.*refs/tags/next"):
        host.resolve(str(repository), "next")
    assert host.resolve(str(repository), "refs/heads/next") == tip


def test_an_id_that_fits_two_commits_is_ambiguous(repository: Path, host: Git) -> None:
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    who = "A <a@example.org> 1700000000 +0000"
    seen: dict[str, str] = {}
    for number in range(100_000):  # the id of a commit is the hash of its text: look for two that begin alike
        text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{number}\n"
        start = hashlib.sha1(f"commit {len(text)}\0{text}".encode()).hexdigest()[:4]
        if start in seen:
            break
        seen[start] = text
    for branch, content in (("one", seen[start]), ("two", text)):
        (repository / "commit").write_text(content)
        git(repository, "branch", branch, git(repository, "hash-object", "-t", "commit", "-w", "commit"))
    with pytest.raises(BadInput, match="means 2 things"):
        host.resolve(str(repository), start)


@pytest.mark.parametrize("ref", ["", "--upload-pack=touch pwned", "main~1", "main@{1}", "a b", "deadbeef", "../main"])
def test_a_ref_that_is_an_option_or_an_expression_is_refused(repository: Path, host: Git, ref: str) -> None:
    with pytest.raises(BadInput) as caught:
        host.resolve(str(repository), ref)
    assert caught.value.field == "ref"


@pytest.mark.parametrize(
    "address", ["", "--upload-pack=touch pwned", "ext::sh -c touch% pwned", "ftp://host/app.git", "/nowhere/at/all"]
)
def test_an_address_that_is_no_repository_is_refused(host: Git, address: str) -> None:
    with pytest.raises(BadInput) as caught:
        host.resolve(address, "main")
    assert caught.value.field == "repository"
    assert not Path("pwned").exists()


def test_a_folder_without_git_is_refused(tmp_path: Path, host: Git) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(BadInput, match="is not a git repository"):
        host.resolve(str(tmp_path / "plain"), "main")


def test_a_repository_without_commits_says_so(tmp_path: Path, host: Git) -> None:
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(BadInput, match="has no commits"):
        host.resolve(str(tmp_path / "empty"), "main")


def test_a_bare_repository_by_file_url_whose_head_is_unborn_resolves(repository: Path, host: Git) -> None:
    bare = repository.parent / "bare.git"
    git(repository, "clone", "-q", "--bare", str(repository), str(bare))
    git(bare, "symbolic-ref", "HEAD", "refs/heads/not-yet")
    assert host.resolve(f"file://{bare}", "main") == git(repository, "rev-parse", "HEAD")
    with pytest.raises(BadInput, match="'HEAD' is no branch"):
        host.resolve(f"file://{bare}", "HEAD")


def test_a_shallow_clone_can_be_released_from(repository: Path, host: Git, said: list[str]) -> None:
    head = commit(repository, "server.js", "two")
    shallow = repository.parent / "shallow"
    git(repository, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))
    assert host.resolve(str(shallow), "main") == head
    host.checkout(str(shallow), head, shallow.parent / "out", said.append)
    assert (shallow.parent / "out" / "server.js").read_text() == "two"


def test_checkout_writes_the_commits_files_modes_and_links_and_no_git_folder(
    repository: Path, host: Git, said: list[str]
) -> None:
    (repository / "run.sh").write_text("#!/bin/sh\n")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").symlink_to("server.js")
    (repository / ".gitattributes").write_text("tests export-ignore\n")
    version = commit(repository, "tests/a.js", "kept, although `git archive` would leave it out")
    out = repository.parent / "out"
    host.checkout(str(repository), version, out, said.append)
    assert sorted(p.name for p in out.iterdir()) == [".gitattributes", "link", "run.sh", "server.js", "tests"]
    assert os.access(out / "run.sh", os.X_OK)
    assert (out / "link").readlink() == Path("server.js")
    assert (out / "tests" / "a.js").exists()


def test_checkout_again_is_harmless_and_keeps_what_was_built_there(
    repository: Path, host: Git, said: list[str]
) -> None:
    version, out = git(repository, "rev-parse", "HEAD"), repository.parent / "out"
    host.checkout(str(repository), version, out, said.append)
    (out / "built").write_text("by npm run build")
    host.checkout(str(repository), version, out, said.append)
    assert (out / "built").exists()


def test_checkout_does_not_touch_a_folder_that_holds_something_else(
    repository: Path, host: Git, said: list[str]
) -> None:
    out = repository.parent / "out"
    out.mkdir()
    (out / "precious").write_text("x")
    with pytest.raises(BadInput, match="something that was not checked out here"):
        host.checkout(str(repository), git(repository, "rev-parse", "HEAD"), out, said.append)
    assert [p.name for p in out.iterdir()] == ["precious"]


def test_a_version_once_fetched_can_be_checked_out_when_its_repository_is_gone(
    repository: Path, host: Git, said: list[str]
) -> None:
    address = f"file://{repository}"
    version = host.resolve(address, "main")
    repository.rename(repository.parent / "moved")
    host.checkout(address, version, repository.parent / "out", said.append)
    assert (repository.parent / "out" / "server.js").read_text() == "one"


@pytest.mark.parametrize("version", ["main", "abc123", "--help", "", "0" * 40])
def test_checkout_wants_the_full_id_of_a_commit_that_exists(
    repository: Path, host: Git, said: list[str], version: str
) -> None:
    with pytest.raises(BadInput) as caught:
        host.checkout(str(repository), version, repository.parent / "out", said.append)
    assert caught.value.field == "version"
    assert not (repository.parent / "out").exists()


def test_a_checkout_that_fails_leaves_nothing_behind(repository: Path, host: Git, said: list[str]) -> None:
    version = git(repository, "rev-parse", "HEAD")
    host.resolve(str(repository), "main")
    blob = git(repository, "rev-parse", f"{version}:server.js")
    mirror = next((repository.parent / "cache").glob("*.git"))
    for path in [*mirror.glob(f"objects/{blob[:2]}/{blob[2:]}"), *mirror.glob("objects/pack/*.pack")]:
        path.unlink()
    with pytest.raises(Exception, match=r"server\.js|bad object|unable to read|not in"):
        host.checkout(str(repository), version, repository.parent / "out", said.append)
    assert sorted(p.name for p in repository.parent.iterdir()) == ["app", "cache"]


def test_uncommitted_changes_are_left_out_and_said(repository: Path, host: Git, said: list[str]) -> None:
    (repository / "server.js").write_text("changed")
    (repository / "new.js").write_text("new")
    version = host.resolve(str(repository), "main")
    host.checkout(str(repository), version, repository.parent / "out", said.append)
    assert (repository.parent / "out" / "server.js").read_text() == "one"
    assert [line for line in said if line.startswith("2 uncommitted changes")]


def test_submodules_and_lfs_are_said_and_not_fetched(repository: Path, host: Git, said: list[str]) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{head},vendor/lib")
    (repository / "assets").mkdir()
    (repository / "assets" / ".gitattributes").write_text("*.png filter=lfs\n")
    git(repository, "add", "assets")
    git(repository, "commit", "-q", "-m", "more")
    host.checkout(str(repository), git(repository, "rev-parse", "HEAD"), repository.parent / "out", said.append)
    assert "submodule vendor/lib is not fetched: its folder stays empty" in said
    assert "files in Git LFS arrive as pointers, without their content" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_another_user_can_be_read(repository: Path, host: Git, said: list[str]) -> None:
    version = git(repository, "rev-parse", "HEAD")
    for path in [repository, *repository.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    assert host.resolve(str(repository), "main") == version
    host.checkout(str(repository), version, repository.parent / "out", said.append)


def test_several_at_once_share_one_mirror(repository: Path, host: Git) -> None:
    version, found = git(repository, "rev-parse", "HEAD"), []
    threads = [threading.Thread(target=lambda: found.append(host.resolve(str(repository), "main"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [version] * 4
    assert len(list(host.cache.glob("*.git"))) == 1


def test_a_mirror_left_half_made_by_a_crash_is_made_again(repository: Path, host: Git) -> None:
    host.resolve(str(repository), "main")
    mirror = next(host.cache.glob("*.git"))
    (mirror / "HEAD").unlink()
    assert host.resolve(str(repository), "main") == git(repository, "rev-parse", "HEAD")


def test_nobody_listening_is_unreachable_and_the_password_stays_out(host: Git) -> None:
    with pytest.raises(Unreachable) as caught:
        host.resolve(f"http://robot:hunter2hunter2@127.0.0.1:{free_port()}/app.git", "main")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_silence_is_unreachable_when_the_time_is_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = Git(tmp_path / "cache", timeout_seconds=1)
        with pytest.raises(Unreachable):
            host.resolve(f"git://127.0.0.1:{server.getsockname()[1]}/app.git", "main")


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """A web server that answers everything with one status."""
    servers: list[ThreadingHTTPServer] = []

    def serve(status: int) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/app.git"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "error"), [(401, Rejected), (403, Rejected), (404, BadInput), (503, Unreachable), (429, Unreachable)]
)
def test_a_status_is_told_apart(
    answering: Callable[[int], str], host: Git, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        host.resolve(answering(status), "main")
