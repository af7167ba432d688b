"""The environment variables of a Vercel twin's project, with Vercel's conflicts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from deployments.twins.server import VendorError
from deployments.twins.vercel_shapes import milliseconds


@dataclass
class Stored:
    """One variable. `value` is as it was given."""

    id: str
    key: str
    value: str
    type: str
    target: tuple[str, ...]
    comment: str
    branch: str | None = None
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)

    def shown(self, *, decrypt: bool) -> dict[str, Any]:
        """As Vercel shows it: a sensitive one never, an encrypted one only when it is asked to."""
        hidden = self.type == "sensitive" or (self.type == "encrypted" and not decrypt)
        found: dict[str, Any] = {
            "id": self.id,
            "key": self.key,
            "value": "" if hidden else self.value,
            "type": self.type,
            "target": list(self.target),
            "comment": self.comment,
            "decrypted": not hidden,
            "createdAt": milliseconds(self.created),
            "updatedAt": milliseconds(self.updated),
        }
        return {**found, "gitBranch": self.branch} if self.branch else found


class Variables:
    """All of them. `refused` holds keys whose writing fails, with the code, beside the others that succeed."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.refused: dict[str, str] = {}
        self._made = 0

    def given(self, target: str, branch: str) -> dict[str, str]:
        """What a new deployment finds: those of its target, and over them those of its branch."""
        fits = [one for one in self.stored if target in one.target and one.branch in (None, branch)]
        return {one.key: one.value for one in sorted(fits, key=lambda one: one.branch is not None)}

    def listed(self, *, decrypt: bool) -> list[dict[str, Any]]:
        """As `GET …/env` lists them."""
        return [one.shown(decrypt=decrypt) for one in self.stored]

    def add(self, wanted: list[dict[str, Any]], *, upsert: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What was written, and what failed beside it."""
        created, failed = [], []
        for one in wanted:
            try:
                created.append(self._add(one, upsert=upsert).shown(decrypt=False))
            except VendorError as no:
                error = {"code": no.code, "message": no.message, "key": one["key"], "target": one["target"]}
                failed.append({"error": error})
        return created, failed

    def _add(self, wanted: dict[str, Any], *, upsert: bool) -> Stored:
        key, target, branch = wanted["key"], tuple(wanted["target"]), wanted.get("gitBranch")
        if branch and target != ("preview",):
            raise VendorError(400, "bad_request", "A variable of a git branch must have the target preview alone")
        if key in self.refused:
            raise VendorError(400, self.refused[key], f"A variable with the name {key} cannot be written")
        for one in self.stored:
            if (one.key, one.branch) != (key, branch) or not set(one.target) & set(target):
                continue
            if not upsert:
                raise VendorError(400, "ENV_ALREADY_EXISTS", f"A variable with the name {key} already exists")
            if one.target != target:
                raise VendorError(400, "ENV_CONFLICT", f"A variable {key} exists for {one.target} on branch undefined")
            one.value, one.type, one.comment = wanted["value"], wanted["type"], wanted.get("comment", "")
            one.updated = time.time()
            return one
        self._made += 1
        stored = Stored(
            f"env{self._made}", key, wanted["value"], wanted["type"], target, wanted.get("comment", ""), branch
        )
        self.stored.append(stored)
        return stored

    def remove(self, identifier: str) -> dict[str, Any]:
        """The variable that was. Raises VendorError."""
        for one in self.stored:
            if one.id == identifier:
                self.stored.remove(one)
                return one.shown(decrypt=False)
        raise VendorError(404, "not_found", "Environment variable not found")
