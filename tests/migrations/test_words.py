"""Words and statements are found outside strings, comments and parentheses only."""

from __future__ import annotations

import pytest

from migrations.words import outer_words, statements


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT a", ["SELECT", "a"]),
        ("SELECT 'a; WHERE'", ["SELECT"]),
        ("SELECT 'it''s; x' b", ["SELECT", "b"]),
        (r"SELECT E'a\'; b' c", ["SELECT", "c"]),
        ('SELECT "a; b" c', ["SELECT", "c"]),
        ("SELECT (SELECT 1 WHERE true) a", ["SELECT", "a"]),
        ("-- a; b\nSELECT", ["SELECT"]),
        ("/* a; b */ SELECT", ["SELECT"]),
        ("DO $$ BEGIN; END $$", ["DO"]),
        ("DO $x$ a; $$ b; $$ $x$ c", ["DO", "c"]),
        ("a;b", ["a", ";", "b"]),
    ],
)
def test_only_outer_words_count(text: str, words: list[str]) -> None:
    assert [word.text for word in outer_words(text)] == words


def test_a_script_falls_into_its_statements_with_their_comments() -> None:
    text = "-- one\nSELECT 1; /* nothing */ ;\nSELECT ';' ; -- the end"
    assert list(statements(text)) == ["-- one\nSELECT 1", "SELECT ';'"]
