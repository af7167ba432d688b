"""How git is let near a repository: which addresses are taken, with whose keys, and whose files it may read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from infra.errors import BadInput

_URL = re.compile(r"^(?:(?:file|https?|ssh|git)://|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:(?!//))")
# What git needs of ours, beside what every command gets: keys, proxies, a chosen ssh.
_PASSED = ("SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "XDG_CONFIG_HOME")


def locate(repository: str) -> str:
    """A URL as it is, a path made absolute. Raises BadInput for what git would take for an option or a command."""
    if _URL.match(repository):
        return repository
    if not repository or repository.startswith("-") or "::" in repository or "\n" in repository:
        raise BadInput(
            "repository", f"{repository!r} is not a path or a URL", "give a folder, https://... or ssh://..."
        )
    if "://" in repository:
        raise BadInput("repository", f"{repository} has a scheme that is not used here", "use https, ssh, git or file")
    path = Path(repository).expanduser().resolve()
    if not path.is_dir():
        raise BadInput("repository", f"{path} is not a folder", "give the path of a git repository")
    return str(path)


def trust(source: str) -> str:
    """A configuration file that lets git read a repository of another user, this one only, and keeps the user's own
    settings. It has to be a file: git drops settings given on the command line when it starts its other half."""
    quoted = source.replace("\\", "\\\\").replace('"', '\\"')
    paths = "".join(f'\tdirectory = "{quoted}{end}"\n' for end in ("", "/.git")) if source.startswith("/") else ""
    return f"[include]\n\tpath = ~/.gitconfig\n\tpath = ~/.config/git/config\n[safe]\n{paths}"


def variables_for(mirror: Path) -> dict[str, str]:
    """What git gets to know: never a question to a person, English messages, no command in place of an address."""
    return {name: os.environ[name] for name in _PASSED if name in os.environ} | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_CONFIG_GLOBAL": str(mirror / "trust"),
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",  # `ext::` would run a command
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=15"),
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1000",
        "GIT_HTTP_LOW_SPEED_TIME": "60",
        "LC_ALL": "C",
    }
