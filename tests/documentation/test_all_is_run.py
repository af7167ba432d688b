"""Every command that the pages show is run by something: a walk, the table, or the continuous integration."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from operations import BUT_FOR_A_NUMBER, BY_A_WALK, BY_RECIPE, LONG, STEPS
from pages import PAGES, VERBS, console, console_of, shown, spans
from steps_of_operations import forms
from targets import called, recipe

HERE = Path(__file__).parent
TABLE = [*(step.shown for step in (*STEPS, *LONG)), *BY_A_WALK, *BY_RECIPE, *BUT_FOR_A_NUMBER]


def walked_pages() -> set[str]:
    """Those whose console blocks a slow test takes out of the page."""
    found = set()
    for file in HERE.glob("test_walk_*.py"):
        tree = ast.parse(file.read_text())
        assert "pytest.mark.slow" in file.read_text()
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "console_of":
                found.add(ast.literal_eval(call.args[0]))
    return found


def walked() -> set[str]:
    """The commands of those pages; what make does in them only where a walk runs it."""
    by_make = {"make demo"}
    lines = {line.command for page in walked_pages() for line in console_of(page)}
    return {line for line in lines if not line.startswith("make ") or line in by_make}


def is_only_named(command: str, run: set[str]) -> bool:
    """A verb by itself that cannot be run so, as it needs options: it is run with them."""
    here, words = VERBS, command.split()[1:]
    while words and words[0] in getattr(here, "commands", {}):
        here = here.commands[words.pop(0)]
    needs = any(param.required for param in getattr(here, "params", []))
    return command.startswith("pipeline ") and not words and needs and any(one.startswith(f"{command} ") for one in run)


def uncovered(commands: set[str]) -> set[str]:
    """Those that nothing runs."""
    run = walked() | set(TABLE) | {f"make {target}" for target in called()}
    return {one for one in commands if one not in run and not is_only_named(one, run)}


def test_every_command_that_a_page_shows_is_run() -> None:
    pages = shown()
    assert {command: sorted(pages[command]) for command in uncovered(set(pages))} == {}


def test_the_table_has_nothing_that_no_page_shows_and_nothing_twice() -> None:
    assert set(TABLE) - set(shown()) == set()
    assert len(TABLE) == len(set(TABLE))


def test_a_command_that_nothing_runs_would_be_found() -> None:
    assert uncovered({"pipeline hold --app A --extend"}) == {"pipeline hold --app A --extend"}
    assert uncovered({"make format"}) == {"make format"}
    assert uncovered({"pipeline register"}) == {"pipeline register"}
    assert uncovered({"pipeline release"}) == set(), "run with the options that it needs"


def test_each_page_with_console_blocks_is_walked() -> None:
    # CONTRIBUTING shows make alone, which the continuous integration runs.
    assert {page for page, text in PAGES.items() if console(text)} - walked_pages() == {"CONTRIBUTING.md"}


def test_commands_are_found_in_blocks_prose_and_tables() -> None:
    page = "run `pipeline up`\n\n| a | b |\n|---|---|\n| `pipeline hold`, `abort`, `--release` | `--not` |\n"
    assert spans(page) == ["pipeline up", "pipeline hold", "pipeline abort", "pipeline abort --release"]
    (line,) = console("```console\n$ .venv/bin/pipeline up   # first\nup\n```\n")
    assert (line.command, line.printed) == ("pipeline up", ("up",))
    assert forms("a [--b]") == ["a", "a --b"]


@pytest.mark.parametrize(("command", "target"), BY_RECIPE.items())
def test_what_make_is_said_to_run_is_in_its_recipe(command: str, target: str) -> None:
    words = recipe(target).replace("$(SEED)", "1").split()
    assert set(command.split()[1:]) <= set(words), f"make {target} does not run {command}"
    assert f"make {target}" in {*walked(), *BUT_FOR_A_NUMBER}


@pytest.mark.parametrize(("command", "shorter"), BUT_FOR_A_NUMBER.items())
def test_what_is_too_long_differs_from_what_a_workflow_calls_by_a_number(command: str, shorter: str) -> None:
    long, short = (re.sub(r"--trials \d+|chaos(-short)?\.json", "", recipe(one)) for one in (command[5:], shorter))
    assert long == short
    assert shorter in called()


def test_what_a_walk_is_said_to_run_stands_on_the_page_that_it_walks() -> None:
    for command in BY_A_WALK:
        assert shown()[command] == {"docs/setup.md"}
    assert "openssl" in (HERE / "at_twins.py").read_text()


def test_only_the_examples_of_toml_that_a_walk_takes_are_whole() -> None:
    """A block that cannot be read would be found by its walk alone, hours later."""
    for page in ("README.md", "docs/setup.md"):
        for block in re.findall(r"```toml\n(.*?)```", PAGES[page], re.S):
            assert tomllib.loads(block)
