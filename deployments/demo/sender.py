"""The load's own process: reads the command line, sends until told to stop, keeps ledger and report up to date."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

from deployments.demo.ledger import LedgerWriter
from deployments.demo.traffic import Plan, Traffic
from infra.errors import BadInput, PipelineError
from infra.files import write_atomically

FLUSH_SECONDS = 0.05
REPORT_SECONDS = 0.5
# Limits of the generator, so that a slip of the pen cannot take the machine down.
HIGHEST_RATE = 2000
LONGEST_SECONDS = 7200
MOST_REQUESTS = 10_000_000


def main(words: list[str]) -> int:
    """Run to the end. 0 after a stop or a limit, 2 for bad input."""
    options = _parser().parse_args(words)
    try:
        plan = _plan(options)
        ledger = LedgerWriter(options.ledger)
        _allow_many_connections()
        asyncio.run(_send(plan, ledger, options.report, options.with_parent))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.demo.load", description=__doc__)
    parser.add_argument("--url", required=True, help="base URL, such as http://127.0.0.1:8080")
    parser.add_argument("--rate", type=float, default=150, help="requests a second")
    parser.add_argument("--ledger", type=Path, required=True, help="acknowledged writes are appended here")
    parser.add_argument("--report", type=Path, required=True, help="counts are kept here, as JSON")
    parser.add_argument("--seconds", type=float, default=900, help="ends after so long")
    parser.add_argument("--max-requests", type=int, default=1_000_000, help="ends after so many")
    parser.add_argument("--visitors", type=int, default=400, help="how many browsers at any time")
    parser.add_argument("--seed", type=int, help="repeats the same requests (and uuids) again")
    parser.add_argument("--with-parent", action="store_true", help="ends when standard input closes")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    limits = (
        ("rate", options.rate, HIGHEST_RATE),
        ("seconds", options.seconds, LONGEST_SECONDS),
        ("max-requests", options.max_requests, MOST_REQUESTS),
        ("visitors", options.visitors, 100_000),
    )
    for name, value, highest in limits:
        if not 0 < value <= highest:
            raise BadInput(f"--{name}", f"is {value:g}", f"give a number above 0 and up to {highest}")
    seed = int.from_bytes(os.urandom(8)) if options.seed is None else options.seed
    return Plan(options.url, options.rate, options.seconds, options.max_requests, options.visitors, seed)


async def _send(plan: Plan, ledger: LedgerWriter, report: Path, with_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    traffic, ended = Traffic(plan, ledger), asyncio.Event()
    # A ledger or report that cannot be written ends the group, and with it the load.
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_flushing(ledger, ended))
        group.create_task(_keep_reporting(traffic, report, ended))
        await traffic.run(stop)
        ended.set()
    ledger.close()
    write_atomically(report, traffic.tally.report(is_final=True).to_json())


async def _keep_flushing(ledger: LedgerWriter, ended: asyncio.Event) -> None:
    while not ended.is_set():
        ledger.flush()
        await asyncio.sleep(FLUSH_SECONDS)


async def _keep_reporting(traffic: Traffic, report: Path, ended: asyncio.Event) -> None:
    while not ended.is_set():
        text = traffic.tally.report().to_json()
        # In a thread, since waiting for the disk must not delay requests.
        await asyncio.to_thread(write_atomically, report, text)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), REPORT_SECONDS)


def _allow_many_connections() -> None:
    """A server that hangs ties up rate x timeout connections, more than the usual soft limit of 1024 files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
