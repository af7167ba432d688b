"""`python -m deployments.pictures --out docs/pictures`: a release fails, a person clicks Retry, it goes on.

Needs the local platform up, `pip install playwright`, and a Chromium, which it looks for by its usual names.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from deployments.prefect_api import PrefectApi
from infra.environment import load_environment
from infra.errors import BadInput, Rejected

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SETTLE_SECONDS = 6.0
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
MANIFEST = """
name = "retry-me"
[commands]
start = "exec python3 server.py"
[health]
path = "/"
[smoke]
command = "test -e {open} || (echo 'the map service does not answer'; exit 1)"
"""


def main() -> None:
    """Take all pictures."""
    words = argparse.ArgumentParser(prog="python -m deployments.pictures")
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--env", default="local")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder, _browser() as page:
        retry(PrefectApi(load_environment(given.env).prefect_url), page, Path(folder), given.out)


def retry(api: PrefectApi, page: Page, folder: Path, out: Path) -> None:
    """A release whose smoke tests fail, the dialog of the Retry button, and the second attempt."""
    _write_app(folder)
    run = api.start("release", "local", {"repository": str(folder / "app"), "ref": "v1"})
    _wait(api, run.id, "RolledBack")
    page.goto(api.page(run.id), wait_until="domcontentloaded")
    button = page.get_by_role("button", name="Retry").first
    button.wait_for(timeout=60_000)
    time.sleep(SETTLE_SECONDS)
    page.screenshot(path=out / "retry-failed.png")
    (folder / "open").touch()
    button.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Retry").wait_for()
    page.screenshot(path=out / "retry-dialog.png")
    dialog.get_by_role("button", name="Retry").click()
    _wait(api, run.id, "Promoted")
    page.reload(wait_until="domcontentloaded")
    button.wait_for(timeout=60_000)
    page.get_by_text("Task Runs", exact=True).first.click()
    time.sleep(SETTLE_SECONDS)
    page.screenshot(path=out / "retry-done.png")
    for stage in api.task_runs(run.id):
        print(f"{stage.started[11:23]}  {stage.seconds:7.2f} s  {stage.outcome:<10} {stage.name}")


def _wait(api: PrefectApi, run: str, outcome: str) -> None:
    deadline = time.monotonic() + 240
    while (found := api.flow_run(run)).outcome != outcome or not found.is_over:
        if time.monotonic() > deadline:
            raise Rejected(f"{found.name} is {found.outcome}, expected {outcome}: {found.message}")
        time.sleep(0.5)


def _write_app(folder: Path) -> None:
    app = folder / "app"
    app.mkdir()
    (app / "server.py").write_text(SERVER)
    (app / "pipeline.toml").write_text(MANIFEST.format(open=folder / "open"))
    person = ("-c", "user.name=Pictures", "-c", "user.email=pictures@example.invalid")
    for line in (("init", "-q"), ("add", "-A"), (*person, "commit", "-q", "-m", "v1"), ("tag", "v1")):
        subprocess.run(("git", *line), cwd=app, check=True)


@contextmanager
def _browser() -> Iterator[Page]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise BadInput("browser", f"none of {', '.join(BROWSERS)} is installed", "install Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_page(viewport={"width": 1400, "height": 1000})
        browser.close()


if __name__ == "__main__":
    main()
