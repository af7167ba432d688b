"""Previews of pull requests, and attack mode, at a Vercel twin."""

from __future__ import annotations

import pytest

from deployments.twins.vercel_place import VercelPlace
from infra.edge.vercel_attack_mode import VercelAttackMode
from infra.errors import BadInput
from infra.hosting import vercel_project
from infra.hosting.vercel_previews import VercelPreviews


def test_a_preview_is_made_once_for_each_commit_and_found_by_its_pull_request(vercel: VercelPlace) -> None:
    previews = VercelPreviews(vercel.project)
    first = previews.create(vercel.source("v1"), 7, print)
    assert previews.create(vercel.source("v1"), 7, print) == first
    assert previews.find(7) == first
    newer = previews.create(vercel.source("v2"), 7, print)
    assert previews.find(7) == newer
    assert newer.url != first.url
    assert previews.find(8) is None


def test_a_preview_is_no_deployment_of_production_and_takes_no_domain(vercel: VercelPlace) -> None:
    VercelPreviews(vercel.project).create(vercel.source("v1"), 7, print)
    body = vercel.twin.calls("createDeployment")[-1].request.data
    assert "target" not in body
    assert vercel.hosting.deployments() == []
    assert vercel.project.serving() is None


def test_the_end_of_an_old_preview_is_found_behind_many_deployments_and_never_taken_for_granted(
    vercel: VercelPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews = VercelPreviews(vercel.project)
    old = previews.make(vercel.source("v1"), 7, print)
    for number in (8, 9, 10):
        previews.make(vercel.source("v1"), number, print)
    for name, value in {"PAGE": 1, "PAGES": 2, "MOST_PAGES": 3}.items():
        monkeypatch.setattr(vercel_project, name, value)
    assert 7 not in previews.copies()
    ended, unseen = previews.delete_all(7)
    assert ended == []
    assert "more than 3 deployments" in str(unseen)
    ended, unseen = previews.delete_all(9)
    assert (len(ended), unseen is None) == (1, False)
    ended, unseen = previews.delete_all(7)
    assert ([copy.id for copy in ended], unseen) == ([old.id], None)
    assert previews.delete_all(7) == ([], None)


def test_attack_mode_ends_by_itself_and_can_be_lifted(vercel: VercelPlace) -> None:
    mode = VercelAttackMode(vercel.project)
    mode.place(600)
    assert vercel.twin.attack_mode
    assert "attackModeActiveUntil" in vercel.twin.calls("updateAttackChallengeMode")[0].request.data
    mode.lift()
    assert not vercel.twin.attack_mode
    with pytest.raises(BadInput, match="seconds: is 0"):
        mode.place(0)
