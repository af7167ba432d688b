"""The log is archived once and never twice differently; what leaves the recovery window goes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from deployments.bench.backup_ground import APP, Ground, ground
from infra.database.archive import Archive
from infra.database.catalog import RECORD, backup_folder
from infra.database.markers import close_segment
from infra.database.push_wal import main
from infra.database.restore_plan import plan_restore
from infra.database.signing import signed
from infra.database.targets import Target
from infra.errors import Rejected
from infra.local.postgres_scratch import scratch_cluster

DAY = 86_400
SEGMENT = "0000000100000000000000AB"


@pytest.fixture(scope="module")
def stage() -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIPELINE_STATE", raising=False)
        with ground(print) as found:
            yield found


@pytest.fixture
def elsewhere(stage: Ground) -> Archive:
    """An archive of no cluster, in the same store."""
    return replace(stage.archive, cluster="1234567890")


def test_the_same_segment_again_is_fine_and_another_under_its_name_is_not(elsewhere: Archive) -> None:
    elsewhere.push(SEGMENT, b"one")
    elsewhere.push(SEGMENT, b"one")
    with pytest.raises(Rejected, match="archived already with another content"):
        elsewhere.push(SEGMENT, b"two")
    assert elsewhere.fetch(SEGMENT) == b"one"
    with pytest.raises(Rejected, match="has a hole"):
        elsewhere.fetch(SEGMENT.replace("AB", "AC"))


def test_what_is_stored_is_not_what_was_written(elsewhere: Archive) -> None:
    elsewhere.push(SEGMENT.replace("AB", "AD"), b"the name of a guard" * 10)
    stored = elsewhere.objects.get(elsewhere.segment_key(SEGMENT.replace("AB", "AD")))
    assert stored is not None
    assert b"guard" not in stored


def test_the_command_succeeds_only_when_the_segment_is_there(
    elsewhere: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / SEGMENT.replace("AB", "AE")
    file.write_bytes(b"segment")
    assert main([]) == 2
    assert main([str(file)]) == 1
    assert "PIPELINE_ARCHIVE_ENDPOINT: is not set" in capsys.readouterr().err
    for name, value in elsewhere.variables.items():
        monkeypatch.setenv(name, value)
    assert main([str(file)]) == 0
    assert main([str(tmp_path / "missing")]) == 1
    assert elsewhere.fetch(file.name) == b"segment"


def age(stage: Ground, backup_id: str, days: float) -> None:
    """Let a backup be so old."""
    backup = next(found for found in stage.recovery.backups() if found.id == backup_id)
    key = backup_folder(stage.archive, backup.id) + RECORD
    older = replace(backup, ended=backup.ended - days * DAY, begun=backup.begun - days * DAY)
    stage.archive.objects.put(key, signed(stage.archive.key, key, asdict(older)))


@pytest.mark.slow
def test_what_no_moment_of_the_window_needs_goes_and_the_rest_can_be_restored(stage: Ground) -> None:
    stage.ask("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS n")
    ids = []
    for number in range(3):
        ids.append(stage.database.snapshot(f"number-{number}", print).id)
        close_segment(stage.access, stage.archive, f"after-{number}")
    before = set(stage.archive.log())
    age(stage, ids[0], 70)
    age(stage, ids[1], 40)

    gone = stage.recovery.expire(30, print)

    assert gone.backups == (ids[0],), "the newest before the window is needed for its first moment"
    assert [found.id for found in stage.recovery.backups()] == [ids[2], ids[1]]
    assert not stage.archive.objects.list(backup_folder(stage.archive, ids[0]))
    first = stage.recovery.backups()[-1].begin_segment
    assert {name for name in before if name < first and len(name) == 24}, "there was log to let go of"
    assert set(stage.archive.log()) == {name for name in before if name >= first or len(name) > 24}
    plan = plan_restore(stage.archive, Target("snapshot", ids[1]))
    with scratch_cluster(stage.environment, stage.archive, plan, print) as restored:
        assert APP in stage.recovery.revisions()
        assert restored.access.port != stage.access.port
    assert stage.recovery.expire(30, print).keys == ()
    stage.recovery.verify(print)


def test_nothing_goes_while_a_record_cannot_be_trusted(stage: Ground) -> None:
    made = stage.database.snapshot("to-be-damaged", print)
    key = backup_folder(stage.archive, made.id) + RECORD
    whole = stage.archive.objects.get(key)
    assert whole is not None
    stage.archive.objects.put(key, whole[:-20])
    try:
        with pytest.raises(Rejected, match="is damaged"):
            stage.recovery.expire(0.001, print)
    finally:
        stage.archive.objects.put(key, whole)


def test_a_backup_that_was_never_finished_is_not_listed_and_stays_a_day(stage: Ground) -> None:
    key = backup_folder(stage.archive, "20260101T000000-dead") + "000001.tar.sealed"
    stage.archive.objects.put(key, b"half")
    assert "20260101T000000-dead" not in [found.id for found in stage.recovery.backups()]
    assert key not in stage.recovery.expire(30, print).keys
