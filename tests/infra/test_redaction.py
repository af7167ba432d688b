"""What is secret never leaves: known values in any form, and whatever stands where a URL holds its password."""

from __future__ import annotations

import pytest

from infra.redaction import redact, remember_secrets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://app:hunter2@db/app", "postgres://app:***@db/app"),
        ("postgresql+psycopg://app:p%40ss@db", "postgresql+psycopg://app:***@db"),
        ("redis://:hunter2@cache:6379", "redis://:***@cache:6379"),
        ("postgres://app:p@ss@db/app", "postgres://app:***@db/app"),
        ("postgres://app:a:b@db/app", "postgres://app:***@db/app"),
        ("https://x-access-token:ghs_abc@github.com/a/b", "https://x-access-token:***@github.com/a/b"),
        ("https://ghp_abc@github.com/a/b", "https://***@github.com/a/b"),
        ("two: a://u:one@h and b://u:two@h", "two: a://u:***@h and b://u:***@h"),
        ('["a://u:one@h", "me@example.org"]', '["a://u:***@h", "me@example.org"]'),
        ("ssh://git@github.com/a/b", "ssh://git@github.com/a/b"),
        ("git@github.com:a/b", "git@github.com:a/b"),
        ("http://127.0.0.1:8080/a@b", "http://127.0.0.1:8080/a@b"),
        ("https://host/path?mail=me@example.org", "https://host/path?mail=me@example.org"),
        ("nothing to see: 12:30", "nothing to see: 12:30"),
    ],
)
def test_passwords_in_addresses_are_blank_and_the_rest_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_known_secret_is_blank_wherever_it_stands() -> None:
    remember_secrets(["tops3cret!"])
    assert redact("a=tops3cret!b tops3cret!") == "a=***b ***"


def test_a_known_secret_is_blank_in_its_escaped_form_too() -> None:
    remember_secrets(["sl/ash+plus=equal"])
    assert redact("https://x/?key=sl%2Fash%2Bplus%3Dequal") == "https://x/?key=***"


def test_the_lines_of_a_key_are_blank_one_by_one() -> None:
    remember_secrets(["-----BEGIN KEY-----\nMIIEowIBAAKC\nAQEA0Z3VS5JJ\n-----END KEY-----\n"])
    assert redact("MIIEowIBAAKC") == redact("AQEA0Z3VS5JJ") == "***"
    assert redact("-----BEGIN KEY-----") == "-----BEGIN KEY-----"


def test_a_secret_that_holds_another_goes_whole() -> None:
    remember_secrets(["inner-one", "outer-inner-one-outer"])
    assert redact("outer-inner-one-outer") == "***"


def test_values_too_short_to_be_told_from_words_stay() -> None:
    remember_secrets(["", "app", "12345"])
    assert redact("app 12345") == "app 12345"


def test_a_word_of_megabytes_does_not_take_the_square_of_its_length() -> None:
    word = "x" * 4_000_000  # squared, this would not be over today
    assert redact(word) == word


def test_the_address_at_the_end_of_a_long_word_is_still_seen() -> None:
    assert redact("x" * 100 + "postgresql://app:word@host/db") == "x" * 100 + "postgresql://app:***@host/db"
