"""Tells the people who review the code how a release goes, from beside it: it never fails, slows or holds anything."""

from __future__ import annotations

from tasks.code_review.ends import expect_live_again, tell_ends
from tasks.code_review.preview import tell_preview
from tasks.code_review.telling import (
    settle,
    tell_backup,
    tell_instead,
    tell_start,
    told,
)

__all__ = [
    "expect_live_again",
    "settle",
    "tell_backup",
    "tell_ends",
    "tell_instead",
    "tell_preview",
    "tell_start",
    "told",
]
