"""The verbs that scan a version outside of a release, and that bring newer advisories to scan with."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli import exit_codes
from deployments.cli.platform_verbs import say
from infra.code_host.git import Git
from infra.errors import BadInput
from infra.files import write_atomically
from infra.scanners import SEVERITIES, Scanner, ScanReport
from infra.scanners.advisories.update import OSV, update
from infra.scanners.registry import scanners
from infra.scanners.sarif import to_sarif


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    app.command()(scan)
    app.command("refresh-advisories")(refresh_advisories)


def scan(
    repo: Annotated[str, typer.Option(help="Git path or URL.")] = ".",
    ref: Annotated[str, typer.Option(help="Branch, tag or commit.")] = "HEAD",
    only: Annotated[str, typer.Option(help="secrets, sast or dependencies; all of them when left out.")] = "",
    severity: Annotated[str, typer.Option(help="Findings this bad or worse close the gate.")] = "high",
    max_age_days: Annotated[int, typer.Option(help="Older advisories are refused.", min=1)] = 365,
    sarif: Annotated[Path | None, typer.Option(help="Write the findings there too, for a code host.")] = None,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="End with 0 whatever is found; not when a scanner could not look.")
    ] = False,
) -> None:
    """Scan a version as a release would, and release nothing. Exit code 3 when a finding is bad enough.

    Example: pipeline scan --repo . --ref HEAD --sarif scan.sarif
    """
    every = scanners(max_age_days)
    chosen = [one for one in every if only in ("", one.name)]
    if not chosen:
        raise BadInput(
            "--only", f"{only!r} is no kind of scan", f"choose one of: {', '.join(one.name for one in every)}"
        )
    if severity not in SEVERITIES:
        raise BadInput("--severity", f"{severity!r} is none", f"choose one of: {', '.join(SEVERITIES)}")
    reports = _scan(repo, ref, chosen)
    if sarif:
        sarif.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(sarif, json.dumps(to_sarif(reports)), mode=0o644)
    bad = sum(_show(report, SEVERITIES.index(severity)) for report in reports)
    typer.echo(f"{bad} findings at or above {severity}")
    raise typer.Exit(exit_codes.GATE_CLOSED if bad and not report_only else exit_codes.OK)


def refresh_advisories(
    out: Annotated[Path, typer.Option(help="The snapshot that is written; one that is newer stays.")],
    source: Annotated[list[str] | None, typer.Option(help="Path or https address; OSV's archives if left out.")] = None,
) -> None:
    """Write a newer snapshot of the advisories; PIPELINE_ADVISORIES says that it is the one to scan with.

    Example: pipeline refresh-advisories --out /var/lib/pipeline/advisories.json
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    made = update(source or OSV, out)
    typer.echo(f"{out}: {made.count} advisories as of {made.as_of}")


def _scan(repo: str, ref: str, chosen: Sequence[Scanner]) -> list[ScanReport]:
    """Of the files of a commit: what lies beside them in a working copy is no part of the version."""
    with tempfile.TemporaryDirectory(prefix="pipeline-scan-") as folder:
        git, source = Git(Path(folder, "repositories")), Path(folder, "source")
        version = git.resolve(repo, ref)
        git.checkout(repo, version, source, say)
        return [one.scan(source, say) for one in chosen]


def _show(report: ScanReport, least: int) -> int:
    """How many are bad enough; those are shown, the others counted."""
    bad = [one for one in report.findings if SEVERITIES.index(one.severity) >= least]
    for one in bad:
        typer.echo(f"{one.severity}: {one.path}:{one.line} {one.rule}: {one.message}")
    milder = len(report.findings) - len(bad)
    typer.echo(f"{report.scanner}: {len(bad)} findings, {milder} milder, in {report.seconds:.0f} s. {report.note}")
    return len(bad)
