"""Planted secrets are found, and no finding carries one. Secrets are made up here, so that this file holds none."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from infra.errors import BadInput, CommandFailed, Unknown
from infra.scanners import ScanReport
from infra.scanners.programs import usual_places
from infra.scanners.secrets import Secrets

LETTERS = string.ascii_letters + string.digits
CHANCE = random.Random(7)


def made_of(length: int, letters: str = LETTERS) -> str:
    return "".join(CHANCE.choice(letters) for _ in range(length))


PLANTED = {
    "github": ("GITHUB_TOKEN", "ghp_" + made_of(36)),
    "stripe": ("STRIPE_KEY", "sk_live_" + made_of(24)),
    "aws-id": ("AWS_ACCESS_KEY_ID", "AKIA" + made_of(16, string.ascii_uppercase + "234567")),
    "aws-secret": ("AWS_SECRET_ACCESS_KEY", made_of(40)),
    "slack": ("SLACK", f"xoxb-{made_of(12, string.digits)}-{made_of(12, string.digits)}-{made_of(24)}"),
    "postgres": ("DATABASE_URL", f"postgres://admin:{made_of(14)}@db.acme-prod.net:5432/app"),
    "npm": ("NPM_TOKEN", "npm_" + made_of(36)),
    "sentry": ("SENTRY_AUTH_TOKEN", "sntrys_eyJpYXQiOjE2" + made_of(60)),
    "discord": ("HOOK", f"https://discord.com/api/webhooks/{made_of(18, string.digits)}/{made_of(68)}"),
    "password": ("DB_PASSWORD", made_of(13) + "7"),
}


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    source = tmp_path_factory.mktemp("source")
    for name, (variable, secret) in PLANTED.items():
        (source / f"{name}.js").write_text(
            f'// one\nconst {variable} = "{secret}"; // kingfisher:ignore gitleaks:allow\n'
        )
    (source / "key.pem").write_text(f"-----BEGIN RSA PRIVATE KEY-----\n{made_of(64)}\n-----END RSA PRIVATE KEY-----\n")
    (source / "clean.js").write_text("const token = process.env.TOKEN;\nconst password = prompt('Your password');\n")
    (source / ".gitignore").write_text("*\n")
    (source / "node_modules").mkdir()
    (source / "node_modules" / "dep.js").write_text(f'const k = "{PLANTED["stripe"][1]}";\n')
    return Secrets().scan(source, quiet)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_found_on_its_line(report: ScanReport, name: str) -> None:
    assert [finding.line for finding in report.findings if finding.path == f"{name}.js"][:1] == [2]


@pytest.mark.parametrize("name", PLANTED)
def test_no_finding_carries_the_secret(report: ScanReport, name: str) -> None:
    assert PLANTED[name][1] not in repr(report)


def test_a_private_key_is_critical(report: ScanReport) -> None:
    assert {finding.severity for finding in report.findings if finding.path == "key.pem"} == {"critical"}


def test_a_guess_is_only_medium(report: ScanReport) -> None:
    assert {finding.severity for finding in report.findings if finding.path == "password.js"} == {"medium"}


def test_code_that_reads_its_secrets_from_elsewhere_is_clean(report: ScanReport) -> None:
    assert not [finding for finding in report.findings if finding.path == "clean.js"]


def test_dependencies_are_left_out_and_the_rest_is_counted(report: ScanReport) -> None:
    assert not [finding for finding in report.findings if "node_modules" in finding.path]
    assert report.files == len(PLANTED) + 3


def test_a_missing_kingfisher_is_an_error_and_not_clean(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1;")
    with pytest.raises(BadInput, match="scanner kingfisher: is not in any of the 1 folders"):
        Secrets(places=(tmp_path,)).scan(tmp_path, quiet)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("exit 1", CommandFailed),
        ("kill -SEGV $$", CommandFailed),
        ("exit 0", Unknown),
        ("echo oops > kingfisher.json", Unknown),
        ("echo '{\"findings\": []}' > kingfisher.json", Unknown),
        (
            'echo \'{"findings": [], "metadata": {"summary": {"blobs_scanned": 0}}, "audit": {"summary": '
            '{"scan_succeeded": 1}}}\' > kingfisher.json',
            Unknown,
        ),
        ("sleep 30", Unknown),
    ],
)
def test_a_kingfisher_that_did_not_look_is_an_error_and_not_clean(
    tmp_path: Path, script: str, error: type[Exception]
) -> None:
    tools, source = tmp_path / "tools", tmp_path / "source"
    tools.mkdir()
    source.mkdir()
    (source / "a.js").write_text("1;")
    (tools / "kingfisher").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "kingfisher").chmod(0o755)
    with pytest.raises(error):
        Secrets(places=(tools, *usual_places()), timeout_seconds=2).scan(source, quiet)
