"""Known vulnerabilities are found in locked packages, and whatever could not be looked up closes the gate."""

from __future__ import annotations

import datetime
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.errors import BadInput, Unknown, Unreachable
from infra.ports import free_port
from infra.scanners import ScanReport
from infra.scanners.advisories import VENDORED, read_record, read_snapshot, snapshot_path
from infra.scanners.advisories.update import update
from infra.scanners.dependencies import Dependencies
from infra.scanners.lockfiles import Package

FOREVER = 365_000
TODAY = datetime.date.today()


def scan(folder: Path, **settings: Any) -> ScanReport:
    return Dependencies(FOREVER, **settings).scan(folder, lambda _: None)


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def package_lock(**versions: str) -> str:
    packages = {f"node_modules/{name.replace('_', '-')}": {"version": version} for name, version in versions.items()}
    return json.dumps({"lockfileVersion": 3, "packages": {"": {}, **packages}}, indent=1)


def rules(report: ScanReport) -> set[str]:
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize(
    ("files", "rule", "severity"),
    [
        ({"package-lock.json": package_lock(lodash="4.17.15")}, "GHSA-35jh-r3h4-6jhm", "high"),
        ({"package-lock.json": package_lock(minimist="0.0.8")}, "GHSA-xvch-5gv4-984h", "critical"),
        ({"package-lock.json": package_lock(next="15.2.2")}, "GHSA-f82v-jwr5-mffw", "critical"),
        ({"package-lock.json": package_lock(axios="1.14.1")}, "PIPELINE-2026-0001", "critical"),
        ({"yarn.lock": '# yarn lockfile v1\n\nws@^8:\n  version "8.17.0"\n'}, "GHSA-3h5v-q93c-6h6q", "high"),
        ({"requirements.txt": "Jinja2==2.10\n"}, "GHSA-462w-v97r-4m45", "high"),
        ({"requirements/prod.txt": "pyyaml==5.3\n"}, "GHSA-8q59-q68h-6hv4", "critical"),
        ({"api/requirements-dev.txt": "urllib3==1.26.18\n"}, "GHSA-34jh-p97f-mpxf", "medium"),
    ],
)
def test_a_planted_vulnerable_package_is_found(tmp_path: Path, files: dict[str, str], rule: str, severity: str) -> None:
    found = {finding.rule: finding.severity for finding in scan(write(tmp_path, files)).findings}
    assert found.get(rule) == severity


def test_a_finding_names_the_version_the_other_names_and_the_fix(tmp_path: Path) -> None:
    report = scan(write(tmp_path, {"package-lock.json": package_lock(lodash="4.17.20")}))
    finding = next(f for f in report.findings if f.rule == "GHSA-35jh-r3h4-6jhm")
    assert finding.path == "package-lock.json"
    assert finding.line == 5
    assert "lodash 4.17.20" in finding.message
    assert "CVE-2021-23337" in finding.message
    assert "fixed in 4.17.21" in finding.message


def test_current_versions_are_clean_and_the_note_says_what_was_looked_at(tmp_path: Path) -> None:
    locks = {
        "package.json": '{"name": "app", "dependencies": {"lodash": "^4", "@acme/ui": "workspace:*"}}',
        "packages/ui/package.json": '{"name": "@acme/ui", "dependencies": {"lodash": "^4"}}',
        "package-lock.json": package_lock(lodash="4.17.21"),
        "api/pyproject.toml": '[project]\nname = "api"\ndependencies = ["PyYAML>=6"]\n',
        "api/requirements.txt": "pyyaml==6.0.3\n",
    }
    report = scan(write(tmp_path, locks))
    assert report.findings == ()
    assert report.files == 5
    assert "2 packages in 2 lock files" in report.note
    assert f"as of {read_snapshot(VENDORED).as_of}" in report.note


@pytest.mark.parametrize(
    ("files", "rule", "words"),
    [
        ({"package.json": '{"dependencies": {"lodash": "^4"}}'}, "not-locked", "lodash"),
        ({"package.json": '{"devDependencies": {"a": "npm:lodash@4"}}'}, "not-locked", "lodash"),
        (
            {"package.json": '{"dependencies": {"lodash": "^4"}}', "package-lock.json": package_lock(ws="8.18.0")},
            "not-locked",
            "lodash",
        ),
        (
            {"web/package.json": '{"dependencies": {"ws": "8"}}', "api/package-lock.json": package_lock(ws="8.18.0")},
            "not-locked",
            "ws",
        ),
        ({"package.json": "{"}, "unreadable-manifest", "package.json"),
        ({"package-lock.json": '{"lockfileVersion": 1}'}, "unreadable-lock", "lockfileVersion 1"),
        ({"pyproject.toml": '[project]\ndependencies = ["flask"]\n'}, "not-locked", "flask"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3"\nflask = "*"\n'}, "not-locked", "flask"),
        ({"Pipfile": '[packages]\nflask = "*"\n'}, "not-locked", "flask"),
        ({"requirements.txt": "flask>=2\n"}, "unpinned", "flask>=2"),
        ({"requirements.txt": "-r base.txt\n"}, "unreadable-lock", "base.txt"),
        ({"go.mod": "module x\n"}, "unsupported-ecosystem", "Go"),
        ({"bun.lock": "{}"}, "unsupported-ecosystem", "bun"),
        ({"package-lock.json": package_lock(lodash="latest")}, "unknown-version", "lodash"),
    ],
)
def test_what_cannot_be_looked_up_is_a_critical_finding(
    tmp_path: Path, files: dict[str, str], rule: str, words: str
) -> None:
    found = [finding for finding in scan(write(tmp_path, files)).findings if finding.rule == rule]
    assert [finding.severity for finding in found] == ["critical"]
    assert words in found[0].message


def test_a_lock_file_that_is_not_text_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "yarn.lock").write_bytes(b"\xff\xfe\x00")
    assert rules(scan(tmp_path)) == {"unreadable-lock"}


def test_installed_dependencies_are_not_gone_through(tmp_path: Path) -> None:
    write(tmp_path, {"node_modules/x/package-lock.json": package_lock(lodash="4.17.15"), "index.html": "<p>"})
    report = scan(tmp_path)
    assert (report.findings, report.files) == ((), 1)


# The snapshot itself


def test_the_vendored_snapshot_is_whole() -> None:
    snapshot = read_snapshot(VENDORED)
    newest = max(record["published"] for record in json.loads(VENDORED.read_text())["advisories"])
    assert snapshot.count > 150
    assert snapshot.as_of.isoformat() == newest, "as_of promises no more than the newest advisory shows"
    for (ecosystem, name), advisories in snapshot.by_package.items():
        for advisory in advisories:
            assert advisory.ranges or advisory.versions, f"{advisory.id} affects nothing"
            for events in advisory.ranges:
                bounds = [text for event in events for text in event.values()]
                assert len(bounds) == 2, f"{advisory.id} {ecosystem} {name}: {events}"


def test_every_advisory_affects_what_comes_just_before_its_fix_and_not_the_fix() -> None:
    for advisory in [one for advisories in read_snapshot(VENDORED).by_package.values() for one in advisories]:
        for fix in advisory.fixes():
            just_before = f"{fix}-zz" if advisory.ecosystem == "npm" else f"{fix}.dev0"
            released, earlier = (Package(advisory.ecosystem, advisory.package, v) for v in (fix, just_before))
            assert not advisory.affects(released), (advisory.id, fix)
            assert "-" in fix or advisory.affects(earlier), (advisory.id, just_before)


def test_advisories_older_than_the_limit_are_refused_with_both_numbers(tmp_path: Path) -> None:
    age = (TODAY - read_snapshot(VENDORED).as_of).days
    with pytest.raises(Unknown, match=rf"{age} days old; the limit is {age - 1} days") as caught:
        Dependencies(age - 1).scan(tmp_path, lambda _: None)
    assert "docs/scanners.md" in caught.value.hint
    assert Dependencies(age).scan(write(tmp_path, {"a.txt": "x"}), lambda _: None).findings == ()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"as_of": "soon", "advisories": []}', '{"as_of": "2026-01-01", "advisories": []}'],
)
def test_a_snapshot_that_cannot_be_read_is_an_error_and_not_clean(tmp_path: Path, text: str) -> None:
    (tmp_path / "advisories.json").write_text(text)
    with pytest.raises(BadInput, match=r"advisories .*advisories\.json"):
        scan(tmp_path, advisories=tmp_path / "advisories.json")


def test_the_environment_can_name_another_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert snapshot_path() == VENDORED
    monkeypatch.setenv("PIPELINE_ADVISORIES", str(tmp_path / "full.json"))
    assert snapshot_path() == tmp_path / "full.json"


# Bringing a newer one


def record(name: str, *, id: str = "GHSA-new", modified: str = "2026-11-01T10:00:00Z", **more: Any) -> dict[str, Any]:
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "9.9.9"}]}]
    affected = [{"package": {"ecosystem": "npm", "name": name, "purl": "x"}, "ranges": ranges, "versions": ["1.0.0"]}]
    return {"id": id, "modified": modified, "summary": "bad", "details": "x" * 1000, "affected": affected, **more}


def test_an_osv_archive_becomes_a_compact_snapshot_that_scans_use(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("GHSA-new.json", json.dumps(record("left-pad")))
        archive.writestr("GHSA-gone.json", json.dumps(record("gone", id="GHSA-gone", withdrawn="2026-01-01T00:00:00Z")))
        other = record("x", id="GO-1")
        other["affected"][0]["package"]["ecosystem"] = "Go"
        archive.writestr("GO-1.json", json.dumps(other))
    target = tmp_path / "advisories.json"
    snapshot = update([str(tmp_path / "all.zip"), str(VENDORED)], target)
    assert (snapshot.as_of.isoformat(), snapshot.count) == ("2026-11-01", read_snapshot(VENDORED).count + 1)
    assert "details" not in target.read_text()
    app = write(tmp_path / "app", {"package-lock.json": package_lock(left_pad="1.0.0", gone="1.0.0")})
    assert rules(scan(app, advisories=target)) == {"GHSA-new"}


def test_an_update_never_goes_back_in_time(tmp_path: Path) -> None:
    target = tmp_path / "advisories.json"
    for name, day in (("new", "2026-11-01"), ("old", "2020-01-01")):
        (tmp_path / name).write_text(json.dumps(record("a", modified=f"{day}T00:00:00Z")))
    update([str(tmp_path / "new")], target)
    with pytest.raises(BadInput, match=r"of 2026-11-01, the sources are of 2020-01-01"):
        update([str(tmp_path / "old")], target)
    assert read_snapshot(target).as_of.isoformat() == "2026-11-01"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "PK\x03\x04 cut short", '{"id": "x", "affected": [{}]}', "[]"])
def test_a_source_without_records_changes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "source").write_text(text)
    with pytest.raises(BadInput):
        update([str(tmp_path / "source")], tmp_path / "advisories.json")
    assert not (tmp_path / "advisories.json").exists()


def test_a_source_that_is_missing_or_silent_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        update([str(tmp_path / "nothing.zip")], tmp_path / "advisories.json")
    address = f"https://127.0.0.1:{free_port()}/npm/all.zip"
    with pytest.raises(Unreachable, match=address):
        update([address], tmp_path / "advisories.json")


def test_a_python_name_is_found_however_a_record_spells_it() -> None:
    spelled = record("Zope.Interface")
    spelled["affected"][0]["package"]["ecosystem"] = "PyPI"
    assert [advisory.package for advisory in read_record(spelled)] == ["zope-interface"]


def test_a_record_that_does_not_grade_itself_counts_as_high() -> None:
    assert [advisory.severity for advisory in read_record(record("a"))] == ["high"]
    graded = record("a", database_specific={"severity": "MODERATE"})
    assert [advisory.severity for advisory in read_record(graded)] == ["medium"]
