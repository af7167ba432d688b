"""Where the pictures are taken: a browser on the Prefect UI of a local platform, and a small app to release."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Locator, Page, ViewportSize, sync_playwright

from deployments.prefect_api import FlowRun, PrefectApi
from infra.environment import load_environment
from infra.errors import BadInput, Rejected

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SETTLE_SECONDS = 4.0
PATIENCE_MS = 120_000
SIZE: ViewportSize = {"width": 1400, "height": 1000}
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
name = "{name}"
[commands]
start = "exec python3 server.py"
[health]
path = "/"
[smoke]
command = "{smoke}"
"""


@dataclass(frozen=True)
class Studio:
    """`url` is the UI's. Every step waits for what it needs, and fails when that does not come."""

    environment: str
    url: str
    page: Page
    api: PrefectApi
    folder: Path
    out: Path

    def app(self, name: str, smoke: str = "true") -> Path:
        """A repository with a version `v1` of a small app. Called again it gets the next version."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "server.py").write_text(SERVER)
        (folder / "pipeline.toml").write_text(MANIFEST.format(name=name, smoke=smoke))
        person = ("-c", "user.name=Pictures", "-c", "user.email=pictures@example.invalid")
        if not (folder / ".git").exists():
            subprocess.run(("git", "init", "-q"), cwd=folder, check=True)
        count = len(subprocess.run(("git", "tag"), cwd=folder, check=True, capture_output=True).stdout.split()) + 1
        words = (("add", "-A"), (*person, "commit", "-q", "--allow-empty", "-m", f"v{count}"), ("tag", f"v{count}"))
        for line in words:
            subprocess.run(("git", *line), cwd=folder, check=True)
        return folder

    def release(self, repository: Path, ref: str) -> FlowRun:
        """A release that has begun."""
        asked = {"repository": str(repository), "ref": ref, "environment": self.environment}
        return self.api.start("release", self.environment, asked)

    def until(self, run: str, outcome: str) -> FlowRun:
        """The run, once it has ended as it has to."""
        deadline = time.monotonic() + 300
        while not (found := self.api.flow_run(run)).is_over:
            if time.monotonic() > deadline:
                raise Rejected(f"{found.name} is {found.outcome} after 300 s, expected {outcome}")
            time.sleep(0.5)
        if found.outcome != outcome:
            raise Rejected(f"{found.name} ended {found.outcome}, expected {outcome}: {found.message}")
        return found

    def open(self, path: str, sign: str) -> None:
        """A page of the UI, once the text `sign` is on it."""
        self.page.goto(f"{self.url}{path}", wait_until="domcontentloaded")
        self.page.get_by_text(sign).first.wait_for(timeout=PATIENCE_MS)

    def shoot(self, name: str) -> None:
        """The page as it is, once it has come to rest."""
        time.sleep(SETTLE_SECONDS)
        self.page.screenshot(path=self.out / f"{name}.png")
        print(f"{self.out / name}.png")

    def runs(self, flow: str) -> list[FlowRun]:
        """Of that flow here, newest first."""
        asked = {"flows": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 20}
        rows = httpx.post(f"{self.url}/api/flow_runs/filter", json=asked, timeout=30).raise_for_status().json()
        return [self.api.flow_run(row["id"]) for row in rows]

    def deployment(self, flow: str) -> str:
        """The id of a flow's deployment."""
        answer = httpx.get(f"{self.url}/api/deployments/name/{flow}/{self.environment}", timeout=30)
        return str(answer.raise_for_status().json()["id"])

    def field(self, name: str) -> Locator:
        """The text of a parameter in the form of a run."""
        label = f"normalize-space()='{name}' or normalize-space()='{name} (Optional)'"
        return self.page.locator(f"xpath=//*[self::span or self::label or self::div][{label}]/following::textarea[1]")

    def choose(self, name: str, value: str) -> None:
        """A value out of a parameter's list, by keyboard: a click opens the list and closes it again."""
        where = f"//*[normalize-space()='{name}']/following::button[contains(@class, 'select')][1]"
        button = self.page.locator(f"xpath={where}")
        for steps in range(1, 7):
            button.focus()
            for key in ("Space", *["ArrowDown"] * steps, "Enter"):
                self.page.keyboard.press(key)
                self.page.wait_for_timeout(400)
            if button.inner_text().strip() == value:
                return
        raise Rejected(f"the list of {name!r} has no {value!r}")

    def submit(self, flow: str) -> str:
        """Send the form that is on the page; the id of the run that it starts."""
        before = {run.id for run in self.runs(flow)}
        self.page.get_by_role("button", name="Submit").click()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if new := [run.id for run in self.runs(flow) if run.id not in before]:
                return new[0]
            time.sleep(0.5)
        raise Rejected(f"the form started no run of {flow} within 60 s")


@contextmanager
def studio(environment: str, folder: Path, out: Path) -> Iterator[Studio]:
    """Raises BadInput when there is no browser."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise BadInput("browser", f"none of {', '.join(BROWSERS)} is installed", "install Chromium")
    url = load_environment(environment).prefect_url
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE)
        # Newer pages of the UI ask a service for experiments; nothing but the local server is to be asked.
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
        yield Studio(environment, url.removesuffix("/api"), page, PrefectApi(url), folder, out)
        browser.close()
