"""Objects in a real store on this machine, which is also killed."""

from __future__ import annotations

import os
import signal

import httpx
import pytest
from data_platform_parts import DataPlatform

from infra.errors import BadInput, Rejected, Unreachable
from infra.local.object_store import endpoint, local_objects
from infra.objects.s3 import S3Objects
from infra.ports import free_port


@pytest.fixture
def objects(data_platform: DataPlatform) -> S3Objects:
    return local_objects(data_platform.environment)


def test_an_object_is_put_read_replaced_and_deleted(objects: S3Objects) -> None:
    assert objects.get("a/one.txt") is None
    objects.put("a/one.txt", b"first", "text/plain")
    objects.put("a/one.txt", b"second, longer", "text/plain")
    assert objects.get("a/one.txt") == b"second, longer"
    objects.delete("a/one.txt")
    objects.delete("a/one.txt")
    assert objects.get("a/one.txt") is None


def test_a_list_holds_all_below_its_prefix_in_order(objects: S3Objects) -> None:
    for key in ("list/b", "list/a/2", "list/a/10", "listless"):
        objects.put(key, key.encode())
    assert [(item.key, item.bytes) for item in objects.list("list/")] == [
        ("list/a/10", 9),
        ("list/a/2", 8),
        ("list/b", 6),
    ]
    assert objects.list("nothing/") == []


def test_names_with_spaces_and_accents_and_empty_objects_survive(objects: S3Objects) -> None:
    objects.put("odd/réport 1+2%.html", b"")
    assert objects.get("odd/réport 1+2%.html") == b""
    assert [item.key for item in objects.list("odd/")] == ["odd/réport 1+2%.html"]


def test_a_link_opens_without_credentials_until_it_is_changed(objects: S3Objects) -> None:
    objects.put("report.html", b"<h1>ok</h1>", "text/html")
    link = objects.link("report.html", 60)
    answer = httpx.get(link)
    assert (answer.status_code, answer.text) == (200, "<h1>ok</h1>")
    assert answer.headers["content-type"].startswith("text/html")
    assert httpx.get(link.replace("report.html", "other.html")).status_code == 403
    assert httpx.get(link.split("?")[0]).status_code in {400, 403}
    assert objects.secret not in link


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_a_link_beyond_the_limit_is_refused(objects: S3Objects, seconds: int) -> None:
    with pytest.raises(BadInput, match="seconds"):
        objects.link("report.html", seconds)


@pytest.mark.parametrize("key", ["", "/rooted", "up/../and/away", "x" * 1025])
def test_a_key_that_cannot_name_an_object_is_refused(objects: S3Objects, key: str) -> None:
    with pytest.raises(BadInput, match="key"):
        objects.put(key, b"")


def test_a_wrong_secret_is_rejected(data_platform: DataPlatform, objects: S3Objects) -> None:
    stranger = S3Objects(endpoint(data_platform.environment), objects.key, "wrong", "pipeline")
    with pytest.raises(Rejected, match=r"put 'x' \(1 bytes\) in bucket pipeline .* 403 SignatureDoesNotMatch"):
        stranger.put("x", b"x")
    with pytest.raises(Rejected, match="403"):
        stranger.get("x")


def test_a_missing_bucket_is_no_missing_object(data_platform: DataPlatform, objects: S3Objects) -> None:
    elsewhere = S3Objects(endpoint(data_platform.environment), objects.key, objects.secret, "nowhere")
    with pytest.raises(Rejected, match="NoSuchBucket"):
        elsewhere.get("x")


def test_silence_is_unreachable() -> None:
    nobody = S3Objects(f"http://127.0.0.1:{free_port()}", "key", "secret", "pipeline")
    with pytest.raises(Unreachable, match="get 'x' in bucket pipeline"):
        nobody.get("x")


def test_a_killed_store_comes_back_with_its_objects(data_platform: DataPlatform, objects: S3Objects) -> None:
    objects.put("kept/one", b"1" * 100_000)
    status = data_platform.object_store.status()
    assert status.pid is not None
    os.kill(status.pid, signal.SIGKILL)
    data_platform.object_store.up(print)
    assert data_platform.object_store.status().state == "healthy"
    assert objects.get("kept/one") == b"1" * 100_000
