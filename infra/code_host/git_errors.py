"""What git's failures mean. Git tells them apart by text only; its messages are asked for in English."""

from __future__ import annotations

import re

from infra.errors import BadInput, CommandFailed, PipelineError, Rejected, Unknown, Unreachable
from infra.redaction import redact

_MISSING = re.compile(
    r"does not appear to be a git repository|repository .*not found|not a git repository|does not exist", re.I
)
_REFUSED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|terminal prompts disabled"
    r"|access denied|returned error: 40[13]|host key verification failed|dubious ownership",
    re.I,
)
_SILENT = re.compile(
    r"could not resolve host|connection (refused|reset|timed out|closed)|failed to connect|network is unreachable"
    r"|operation (timed out|too slow)|early eof|the remote end hung up|returned error: (429|5\d\d)|no route to host"
    r"|unable to connect",
    re.I,
)


def translate(source: str, error: CommandFailed | Unknown) -> PipelineError:
    """The error to raise instead: Unreachable for silence, Rejected for a closed door, BadInput for no repository.
    Fetching changes nothing over there, so even a lost answer may simply be asked for again."""
    where, tail = redact(source), error.tail.strip() if isinstance(error, CommandFailed) else error.message
    if isinstance(error, Unknown) or _SILENT.search(tail):
        return Unreachable(f"git fetch from {where} got no answer: {tail}", "check the network, then ask again")
    if _REFUSED.search(tail):
        return Rejected(f"{where} did not let git in: {tail}", "check the key or token, and who may read it")
    if _MISSING.search(tail):
        return BadInput("repository", f"{where} is not a git repository: {tail}", "check its path or address")
    return error
