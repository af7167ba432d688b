"""Small apps as git repositories, good ones and ones with a fault, written where a test wants them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_GET(self):
        Handler.count += 1
        bad = {bad}
        self.send_response(500 if bad else 200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
# For the end of an environment's file at vendors: a ramp that is over in seconds.
RULES_AT_VENDORS = """
[backups]
missing_proof = "make"

[canary]
weights = [20, 100]
error_rate_limit = 0.4
slow_rate_limit = 0.4
acceptable_rate = 0.2
step_minimum_requests = 20
step_timeout_seconds = 60

[watch]
seconds = 1
previous_percent = 0
"""
NEVER = "False"
EVERY_OTHER = "Handler.count > 5 and self.path == '/' and Handler.count % 2"


def manifest(name: str, more: str = "", start: str = "exec python3 server.py") -> str:
    """A pipeline.toml."""
    return f'name = "{name}"\n[commands]\nstart = "{start}"\n[health]\npath = "/health"\ntimeout_seconds = 4\n{more}'


def server(bad: str = NEVER) -> str:
    """server.py of an app that answers 500 where `bad` holds."""
    return SERVER.replace("{bad}", bad)


def commit(folder: Path, tag: str, files: Mapping[str, str]) -> str:
    """Write the files, commit them and tag them; the commit's id."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q", "-b", "main")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", tag)
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


def git(folder: Path, *words: str) -> str:
    """What git printed."""
    names = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    person = dict.fromkeys(names, "test@example.invalid")
    done = subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True, env={**os.environ, **person}
    )
    return done.stdout.strip()
