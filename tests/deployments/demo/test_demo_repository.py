"""The repositories of the demo apps: real, the same every time, and never over something else."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deployments.demo.repository import APPS, create_repository
from infra.errors import BadInput

APP_NAMES = sorted(path.name for path in APPS.iterdir() if path.is_dir())


def git(folder: Path, *words: str) -> str:
    return subprocess.run(("git", *words), cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("app", APP_NAMES)
def test_ids_are_the_same_every_time_and_everywhere(app: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = create_repository(tmp_path / "here", app)
    # Settings of a person, and variables of a hook, that would change the ids if they leaked in.
    (tmp_path / ".gitconfig").write_text("[user]\nname = Somebody\n[core]\nautocrlf = true\nexcludesFile = ~/ignored\n")
    (tmp_path / "ignored").write_text("*.toml\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    there = create_repository(tmp_path / "deep" / "there", app)
    assert here.commits == there.commits
    assert len(set(here.commits.values())) == len(here.commits) >= 2


def test_every_version_is_an_annotated_tag_on_one_line_of_history(tmp_path: Path) -> None:
    made = create_repository(tmp_path / "demo")
    assert list(made.commits) == ["v1", "v2", "v3"]
    assert [git(made.folder, "cat-file", "-t", tag) for tag in made.commits] == ["tag"] * 3
    assert git(made.folder, "log", "--format=%H", "--reverse", "main").split() == list(made.commits.values())
    assert git(made.folder, "status", "--porcelain") == ""


def test_a_second_time_leaves_everything_as_it_is_even_work_in_progress(tmp_path: Path) -> None:
    first = create_repository(tmp_path / "demo")
    (first.folder / "app" / "mine.py").write_text("x = 1\n")
    assert create_repository(tmp_path / "demo") == first
    assert (first.folder / "app" / "mine.py").exists()


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    assert (create_repository(tmp_path / "demo", "toy-node").folder / "server.js").exists()
    (tmp_path / "empty").mkdir()
    assert (create_repository(tmp_path / "empty", "toy-node").folder / "server.js").exists()


@pytest.mark.parametrize("what", ["a file", "another repository", "an older demo", "a broken repository"])
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "taken"
    create_repository(folder, "toy-node")
    if what == "a file":
        shutil.rmtree(folder / ".git")
    elif what == "an older demo":
        git(folder, "tag", "--force", "v1", "v2^{}")
    elif what == "a broken repository":
        (folder / ".git" / "HEAD").unlink()
    before = sorted(folder.rglob("*"))
    with pytest.raises(BadInput, match=r"holds something other than the demo app"):
        create_repository(folder, "toy-shell" if what == "another repository" else "toy-node")
    assert sorted(folder.rglob("*")) == before
    assert sorted(tmp_path.iterdir()) == [folder]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(BadInput, match="is not a folder"):
        create_repository(tmp_path / "taken")


def test_an_app_that_does_not_exist_is_refused_with_the_ones_that_do(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"no demo app 'nope'\n  hint: choose one of securyflex, toy-flag, toy-node, toy-shell"
    ):
        create_repository(tmp_path / "demo", "nope")
    assert list(tmp_path.iterdir()) == []
