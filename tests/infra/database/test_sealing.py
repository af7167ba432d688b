"""What leaves the machine is sealed: any change, any other name and any other key is noticed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.database.sealing import Key
from infra.database.signing import signed, verified
from infra.errors import BadInput, Rejected

KEY = Key("a key of sufficient length for this")
OTHER = Key("some other key of that same length")


@given(st.binary(max_size=4096), st.text(max_size=40))
def test_a_content_comes_back_under_its_name_and_cannot_be_read_without_the_key(content: bytes, name: str) -> None:
    sealed = KEY.seal(name, content)
    assert KEY.open(name, sealed) == content
    assert len(content) < 16 or content not in sealed


@given(st.binary(max_size=512), st.data())
def test_any_changed_bit_and_any_lost_end_is_noticed(content: bytes, data: st.DataObject) -> None:
    sealed = KEY.seal("name", content)
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises(Rejected, match="backup object name"):
        KEY.open("name", bytes(changed))
    with pytest.raises(Rejected, match="backup object name is damaged"):
        KEY.open("name", sealed[: data.draw(st.integers(0, len(sealed) - 1))])


def test_an_object_under_another_name_is_refused() -> None:
    with pytest.raises(Rejected, match="piece-2 is damaged"):
        KEY.open("piece-2", KEY.seal("piece-1", b"content"))


def test_another_key_is_named_and_not_called_damage() -> None:
    with pytest.raises(Rejected, match=f"was sealed with key {OTHER.id}, and the key here is {KEY.id}"):
        KEY.open("name", OTHER.seal("name", b"content"))


def test_the_same_content_is_sealed_differently_each_time() -> None:
    assert KEY.seal("name", b"content") != KEY.seal("name", b"content")


def test_a_short_key_is_refused_and_a_key_is_never_shown() -> None:
    with pytest.raises(BadInput, match="backup_key: has 5 characters"):
        Key("short")
    assert KEY.text not in repr(KEY)


RECORDS = st.dictionaries(st.text(), st.recursive(st.integers() | st.text() | st.booleans(), st.lists, max_leaves=5))


@given(RECORDS)
def test_a_signed_record_comes_back(table: dict[str, object]) -> None:
    assert verified(KEY, "place", signed(KEY, "place", table)) == table


def test_a_record_that_was_changed_moved_cut_or_signed_by_another_is_refused() -> None:
    stored = signed(KEY, "place", {"size": 1})
    changed = json.dumps({**json.loads(stored), "record": {"size": 2}}).encode()
    for content, name, said in (
        (changed, "place", "was changed after it was signed"),
        (stored, "elsewhere", "was changed after it was signed"),
        (stored[:-5], "place", "is damaged"),
        (signed(OTHER, "place", {"size": 1}), "place", "was signed with key"),
    ):
        with pytest.raises(Rejected, match=said):
            verified(KEY, name, content)
