"""How a release can end other than well, as errors that carry one sentence for a person."""

from __future__ import annotations

from infra.errors import PipelineError

# The line in the log of a release: where the run was cancelled, it is all that Prefect knows of it.
WAY_BACK_FAILED_LINE = "the way back failed"


class GateClosed(PipelineError):
    """The answer is no. The message reads `<what> at <where>: <number> over <limit>`."""


class CanaryFailed(PipelineError):
    """The evidence says that the candidate is worse than it may be."""


class Undecided(PipelineError):
    """The time for a canary step is up and the evidence says neither yes nor no."""


class Aborted(PipelineError):
    """A person asked for the release to go back."""


class WayBackFailed(PipelineError):
    """A step back did not work: the headline. What made us go back is its `__context__`."""


class LockLost(PipelineError):
    """Somebody else has the environment now: nothing more may be done, not even the way back."""
