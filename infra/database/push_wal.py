"""What Postgres calls for each finished segment: `python -m infra.database.push_wal PATH`.

Exit code 0 only when the object store has it, sealed; with any other, Postgres keeps the segment and tries again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra.database.archive import archive_from_variables
from infra.errors import PipelineError


def main(words: list[str]) -> int:
    """0 when it is archived. What went wrong goes to Postgres's log."""
    if len(words) != 1:
        print("usage: push_wal PATH", file=sys.stderr)
        return 2
    path = Path(words[0])
    try:
        archive_from_variables().push(path.name, path.read_bytes())
    except (PipelineError, OSError) as error:
        print(f"{path.name} is not archived: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
