"""Which commit a name means: exactly one, or an error that lists what it could be."""

from __future__ import annotations

import difflib

from infra.errors import BadInput

_SHOWN = 5
_PREFIXES = ("refs/heads/", "refs/tags/")
_HEAD = "refs/pipeline/HEAD"


def read_refs(listed: str) -> dict[str, str]:
    """`git for-each-ref` lines `name object [peeled]` as full name -> commit id."""
    return {words[0]: words[-1] for line in listed.splitlines() if (words := line.split())}


def choose(repository: str, ref: str, refs: dict[str, str], commits: list[str]) -> str:
    """The commit that `ref` means among branches, tags and the `commits` whose id begins so. Raises BadInput when
    there is none (naming near ones) or more than one."""
    if not refs and not commits:
        raise BadInput("repository", f"{repository} has no commits", "commit something, or give another repository")
    names = [_HEAD] if ref == "HEAD" else [ref, *(prefix + ref for prefix in _PREFIXES)]
    found = {name: refs[name] for name in names if name in refs}
    found |= {commit: commit for commit in commits if commit not in found.values()}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    if found:
        meanings = ", ".join(f"{name} ({commit[:12]})" for name, commit in sorted(found.items())[:_SHOWN])
        raise BadInput("ref", f"{ref!r} means {len(found)} things in {repository}: {meanings}", "write one of them out")
    raise BadInput("ref", f"{ref!r} is no branch, tag or commit of {repository}", _nearest(ref, refs))


def _nearest(ref: str, refs: dict[str, str]) -> str:
    short = sorted({name.removeprefix(p) for name in refs for p in _PREFIXES if name.startswith(p)})
    close = difflib.get_close_matches(ref, short, n=_SHOWN, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    more = f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""
    return f"push it first; there are: {', '.join(short[:_SHOWN])}{more}"
