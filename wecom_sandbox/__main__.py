"""``python -m wecom_sandbox``: start the simulator and say where it is."""

import argparse
import logging
import math
import signal
import sqlite3
import sys
import threading
from pathlib import Path

from wecom_sandbox import defaults

EXIT_CANNOT_START = 2
# A guide of a large chain; 2,000 members make three million.
PER_MEMBER = 1_500


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; the exit code (2 when it cannot start)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.relations is not None and not options.members:
        parser.error("--relations needs --members")
    if options.corp is not None:
        try:
            defaults.use_corp(options.corp)
        except (OSError, ValueError) as error:
            sys.stderr.write(f"The sandbox cannot be the corp of {options.corp}: {error}\n")
            return EXIT_CANNOT_START
    # Only now: everything below takes the corp's names from defaults when it is imported.
    from wecom_sandbox import due
    from wecom_sandbox.customers import scale
    from wecom_sandbox.sandbox import Sandbox
    from wecom_sandbox.server import Server

    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s"
    )
    sandbox = None
    try:
        sandbox = Sandbox(
            options.state_file, seed=options.seed, people=options.people, speed=options.speed,
            public_url=options.public_url,
        )  # fmt: skip
        if options.members and scale.is_empty(sandbox):
            relations = options.relations
            if relations is None:
                relations = options.members * PER_MEMBER
            scale.fill(sandbox, options.members, relations, seed=options.seed)
        server = Server(sandbox, host=options.host, port=options.port)
    except (OSError, ValueError, sqlite3.Error) as error:
        if sandbox is not None:
            sandbox.store.close()
        sys.stderr.write(f"The sandbox cannot start on {options.host}:{options.port}: {error}\n")
        return EXIT_CANNOT_START
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(
        f"WeCom sandbox at {server.base_url} (phone: {server.base_url}/phone, corp {defaults.CORP_ID}, "
        f"{sandbox.people.count} people, state in {options.state_file})\n"
    )
    sys.stdout.flush()
    while not stop.wait(1.0):
        due.settle(sandbox)
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="wecom_sandbox", description="A simulator of WeCom: API, callbacks and a phone."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to bind (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8081, help="port, 0 picks a free one (8081)")
    parser.add_argument(
        "--state-file", type=Path, default=Path("var/sandbox/sandbox.sqlite3"),
        help="SQLite file that keeps its state",
    )  # fmt: skip
    parser.add_argument(
        "--corp", type=Path, help="TOML file with the corp's id, apps, secrets and callback keys"
    )
    parser.add_argument(
        "--speed",
        type=_positive,
        default=1.0,
        help="sandbox seconds per second: one clock for tokens, codes, limits, deadlines (1)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="draws the people of a fresh sandbox (1)"
    )
    parser.add_argument(
        "--people", type=_count, default=2000, help="people of a fresh sandbox (2000)"
    )
    parser.add_argument(
        "--members", type=_count, default=0, help="fill a fresh sandbox with so many members (0)"
    )
    parser.add_argument(
        "--relations", type=_count, default=None,
        help=f"customer relations of those members, drawn from the seed ({PER_MEMBER:,} for each)",
    )  # fmt: skip
    parser.add_argument("--public-url", default="", help="how others reach it, when not as asked")
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be below 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
