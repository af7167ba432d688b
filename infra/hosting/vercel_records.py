"""What we read of Vercel's answers. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from infra.http.answer import Record

# Ends of a build. BLOCKED came in 2026: a check or a person holds it.
ENDED = ("READY", "ERROR", "CANCELED", "BLOCKED", "DELETED")


class Copy(Record):
    """One deployment, as it is listed or read. `substate` is STAGED, ROLLING or PROMOTED once it is ready."""

    id: str = Field(validation_alias=AliasChoices("id", "uid"))
    url: str | None = None
    state: str = Field(validation_alias=AliasChoices("readyState", "state"))
    substate: str | None = Field(None, validation_alias="readySubstate")
    target: str | None = None
    meta: dict[str, str] = Field(default_factory=dict)
    created: float = Field(validation_alias=AliasChoices("createdAt", "created"))
    error_code: str | None = Field(None, validation_alias="errorCode")
    error_message: str | None = Field(None, validation_alias="errorMessage")
    checks_conclusion: str | None = Field(None, validation_alias="checksConclusion")
    # The names of the variables that it was given; only in the answer about one alone.
    env: list[str] = Field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Whether it is built and can serve."""
        return self.state == "READY"

    @property
    def has_failed(self) -> bool:
        """Whether it was given up: only a new one can be built."""
        return self.state in ("ERROR", "CANCELED", "DELETED")

    @property
    def has_served(self) -> bool:
        """Whether it has ever been production: then the way to it is a rollback, else a promotion."""
        return self.substate == "PROMOTED"


class Pagination(Record):
    """`next` leads to the older ones."""

    next: float | None = None


class Copies(Record):
    """One page of deployments, newest first."""

    deployments: list[Copy]
    pagination: Pagination


class Payload(Record):
    """Where an older form of a log's line keeps its text."""

    text: str | None = None


class Event(Record):
    """One line of a build's log."""

    id: str | None = None
    created: float = 0
    text: str | None = None
    payload: Payload | None = None

    @property
    def words(self) -> str:
        """What it says."""
        return (self.text or (self.payload.text if self.payload else None) or "").rstrip()


class AliasRequest(Record):
    """The last promotion or rollback."""

    type: Literal["promote", "rollback"]
    status: str = Field(validation_alias="jobStatus")
    requested: float = Field(validation_alias="requestedAt")
    after: str = Field(validation_alias="toDeploymentId")


class Security(Record):
    """What is before the project. `until` is when attack mode ends by itself."""

    is_on: bool = Field(False, validation_alias="attackModeEnabled")
    until: float | None = Field(None, validation_alias="attackModeActiveUntil")


class Project(Record):
    """A project."""

    id: str
    name: str
    security: Security | None = None
    job: AliasRequest | None = Field(None, validation_alias="lastAliasRequest")


class Alias(Record):
    """A domain and what it leads to."""

    alias: str
    deployment: str | None = Field(None, validation_alias="deploymentId")


class Aliases(Record):
    """The answer for one domain: the document has a list, while the vendor's own tools read one alone."""

    aliases: list[Alias]

    @model_validator(mode="before")
    @classmethod
    def _always_a_list(cls, data: object) -> object:
        return {"aliases": data if isinstance(data, list) else [data]}


class FailedAlias(Record):
    """A domain that a job could not move."""

    alias: str
    status: str


class FailedAliases(Record):
    """Those of one job."""

    aliases: list[FailedAlias] = Field(default_factory=list)


class Role(Record):
    """A deployment's part in a rolling release."""

    id: str


class Stage(Record):
    """One stage of a rolling release."""

    index: int
    weight: float = Field(validation_alias="targetPercentage")


class Rolling(Record):
    """A rolling release."""

    state: str
    base: Role = Field(validation_alias="currentDeployment")
    canary: Role = Field(validation_alias="canaryDeployment")
    stages: list[Stage]
    active: Stage | None = Field(None, validation_alias="activeStage")

    @field_validator("base", "canary", mode="before")
    @classmethod
    def _may_be_gone(cls, value: object) -> object:
        """One that is over may have lost its deployments."""
        return {"id": ""} if value is None else value

    @property
    def is_active(self) -> bool:
        """Whether it is under way."""
        return self.state == "ACTIVE"


class RollingAnswer(Record):
    """The answer of all its calls."""

    rolling: Rolling | None = Field(validation_alias="rollingRelease")


class ConfiguredStage(Record):
    """One stage of the project's configuration."""

    weight: float = Field(validation_alias="targetPercentage")
    needs_approval: bool = Field(False, validation_alias="requireApproval")


class RollingConfig(Record):
    """The project's configuration of rolling releases."""

    stages: list[ConfiguredStage] | None = None


class RollingConfigAnswer(Record):
    """The answer of its calls; None when rolling releases are off."""

    config: RollingConfig | None = Field(validation_alias="rollingRelease")


class Billing(Record):
    """Whether the plan has rolling releases for this project."""

    reason: str
    message: str = ""


class Variable(Record):
    """One environment variable; its value is only read when it is a plain one."""

    id: str = ""
    key: str
    type: str
    target: list[str] | str = Field(default_factory=list)
    value: str = ""
    comment: str = ""
    git_branch: str | None = Field(None, validation_alias="gitBranch")
    updated: float = Field(0, validation_alias="updatedAt")

    @property
    def targets(self) -> frozenset[str]:
        """What it is for; Vercel writes one target also as a plain word."""
        return frozenset([self.target] if isinstance(self.target, str) else self.target)


class Variables(Record):
    """All of a project's."""

    envs: list[Variable]


class FailedWrite(Record):
    """Why a variable was not written, beside others that were."""

    code: str = ""
    message: str = ""
    key: str | None = Field(None, validation_alias=AliasChoices("envVarKey", "key"))


class Failed(Record):
    """The wrapping of a failure."""

    error: FailedWrite


class Upserted(Record):
    """The answer to a writing: a 201 may still hold failures."""

    failed: list[Failed] = Field(default_factory=list)


class AttackMode(Record):
    """Whether visitors are challenged."""

    is_on: bool = Field(validation_alias="attackModeEnabled")
