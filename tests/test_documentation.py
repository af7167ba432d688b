"""What the documentation names is there: files, commands with their options, targets of make, pages of the site."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from deployments.cli.application import app
from infra.environment import PROJECT_FOLDER

PAGES = sorted([*PROJECT_FOLDER.glob("*.md"), *PROJECT_FOLDER.glob("docs/**/*.md")])
WORDS = {page: page.read_text() for page in PAGES}
COMMANDS = typer.main.get_command(app)
TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT_FOLDER / "Makefile").read_text(), re.M))


def name_of(page: Path) -> str:
    return str(page.relative_to(PROJECT_FOLDER))


def commands_of(page: Path) -> list[str]:
    """Every `pipeline ...` and `make ...` in a code span, and every line after `$` in a console block."""
    text = WORDS[page]
    shown = [
        line[2:]
        for block in re.findall(r"```console\n(.*?)```", text, re.S)
        for line in block.splitlines()
        if line[:2] == "$ "
    ]
    spans = re.findall(r"(?<!`)`((?:\.venv/bin/)?(?:pipeline|make) [a-z][^`]*)`(?!`)", text)
    return [*shown, *spans]


ALL = [(name_of(page), line) for page in PAGES for line in commands_of(page)]


def verb_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words begin with, and its arguments."""
    found: Any = COMMANDS
    while words and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]
    return found, words


@pytest.mark.parametrize(("page", "line"), ALL)
def test_a_command_that_is_shown_exists_with_its_options(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    while words and ("=" in words[0] or words[0] == "nohup"):
        words.pop(0)
    program = words.pop(0).removeprefix(".venv/bin/")
    if program == "make":
        wanted = [word for word in words if "=" not in word]
        assert set(wanted) <= TARGETS, f"{page}: make has no {set(wanted) - TARGETS}"
    elif program == "pipeline":
        command, rest = verb_of([word.strip("[]") for word in words])
        assert not hasattr(command, "commands") or rest in ([], ["--help"]) or rest[0].isupper(), f"{page}: {line}"
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert given <= known, f"{page}: `{line}` has no {given - known}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", WORDS[page]):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{name_of(page)} links to {target}"


def test_every_page_is_in_the_sites_navigation_and_every_entry_is_a_page() -> None:
    table: dict[str, Any] = tomllib.loads((PROJECT_FOLDER / "zensical.toml").read_text())

    def leaves(entries: list[dict[str, Any]]) -> list[str]:
        values = [value for entry in entries for value in entry.values()]
        return [leaf for value in values for leaf in (leaves(value) if isinstance(value, list) else [value])]

    pages = {
        str(page.relative_to(PROJECT_FOLDER / "docs"))
        for page in PAGES
        if "docs" in page.relative_to(PROJECT_FOLDER).parts
    }
    assert sorted(leaves(table["project"]["nav"])) == sorted(pages)


def test_nothing_in_the_site_leads_out_of_it() -> None:
    for page in PAGES:
        if page.is_relative_to(PROJECT_FOLDER / "docs"):
            for target in re.findall(r"\]\(([^)#\s:]+)\)", WORDS[page]):
                assert (page.parent / target).resolve().is_relative_to(PROJECT_FOLDER / "docs"), (
                    f"{name_of(page)}: {target}"
                )


def test_every_picture_is_shown_by_a_page() -> None:
    shown = {
        (page.parent / name).resolve() for page in PAGES for name in re.findall(r"\]\((\S+\.png)\)", page.read_text())
    }
    assert {file.name for file in (PROJECT_FOLDER / "docs" / "pictures").iterdir() if file not in shown} == set()
