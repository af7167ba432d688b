"""What the pages show: console blocks line by line, TOML blocks, and the commands in code spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import typer

from deployments.cli.application import app
from infra.environment import PROJECT_FOLDER

PAGES = {
    str(page.relative_to(PROJECT_FOLDER)): page.read_text()
    for page in sorted([*PROJECT_FOLDER.glob("*.md"), *PROJECT_FOLDER.glob("docs/**/*.md")])
}
PROGRAMS = ("pipeline", "make", "prefect", "python", "openssl", "pre-commit")
VERBS: Any = typer.main.get_command(app)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")


@dataclass(frozen=True)
class Line:
    """A command of a console block as it stands, and what the page shows that it prints."""

    text: str
    printed: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """Without its comment, the same wherever it is shown."""
        return plain(self.text)


def plain(text: str) -> str:
    """A command without its comment, the folder of its program and the `&` at its end."""
    text = re.sub(r"\s+#\s.*$", "", text)
    return " ".join(text.split()).removeprefix(".venv/bin/").removesuffix(" &")


def console(text: str) -> list[Line]:
    """The commands of all console blocks of a page's text."""
    found: list[Line] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Line(line[2:]))
            elif line.strip():
                found[-1] = Line(found[-1].text, (*found[-1].printed, line))
    return found


def console_of(page: str) -> list[Line]:
    """Those of one page. Tests that call it walk the page; a test of the fast suite counts on that."""
    return console(PAGES[page])


def toml_of(page: str, begins: str) -> str:
    """The TOML block of a page that begins with those words."""
    (found,) = [one for one in re.findall(r"```toml\n(.*?)```", PAGES[page], re.S) if one.startswith(begins)]
    return str(found)


def spans(text: str) -> list[str]:
    """The commands in code spans. In a cell of a table, `pipeline a`, `b`, `--c` is three of them."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
    found: list[str] = []
    for part in re.split(r"\n\n|\n(?=[|*-])|(?<!\\)\|", text):
        verb: list[str] = []
        is_cell = f"| {part.strip()} |" in text
        for span in SPAN.findall(part):
            words = " ".join(span.split())
            if not re.match(r"[a-z./-]+ [a-z-]", words) and is_cell and verb:
                verb, words = _short(verb, words)
            elif re.match(rf"({'|'.join(PROGRAMS)}) [a-z-]", plain(words)):
                verb = _verb(plain(words).split())
            else:
                continue
            found += [plain(words)] if words else []
    return found


def _verb(words: list[str]) -> list[str]:
    """The words that name the verb: `pipeline migrate generate`."""
    found, here = [words[0]], VERBS
    for word in words[1:]:
        here = getattr(here, "commands", {}).get(word)
        if here is None:
            break
        found.append(word)
    return found if found[0] == "pipeline" and len(found) > 1 else []


def _short(verb: list[str], words: str) -> tuple[list[str], str]:
    """What a span means beside the verb before it: another verb, another option of the same, or nothing."""
    if words.startswith("--"):
        return verb, " ".join([*verb, words])
    beside = [*verb[:-1], words]
    return (beside, " ".join(beside)) if _verb(beside) == beside else (verb, "")


def shown() -> dict[str, set[str]]:
    """Every distinct command, with the pages that show it."""
    found: dict[str, set[str]] = {}
    for page, text in PAGES.items():
        if page != "CHANGELOG.md":
            for command in [*(line.command for line in console(text)), *spans(text)]:
                found.setdefault(command, set()).add(page)
    return found
