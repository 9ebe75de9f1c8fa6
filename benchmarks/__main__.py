"""`python -m benchmarks [--only row] [--smoke]`: measure, print, write var/bench.json, fail on a row that does not hold.

Ratios are taken inside one run, rounds interleaved, the best round of each side: the machine may be busy.
Wall time is told in the notes and never gated.
"""

import argparse
import json
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from benchmarks.database import server
from benchmarks.rows import Benchmark, Options, Row

REPORT = Path(__file__).resolve().parents[1] / "var" / "bench.json"


def benchmarks() -> list[Benchmark]:
    """Return all benchmarks in the order they run."""
    from benchmarks import (
        callback_parse,
        ingest,
        members,
        oa_plan,
        oneid,
        sandbox_page,
        search,
        sync,
    )

    return [
        callback_parse.BENCHMARK,
        ingest.BENCHMARK,
        oa_plan.BENCHMARK,
        members.BENCHMARK,
        oneid.BENCHMARK,
        sandbox_page.BENCHMARK,
        search.BENCHMARK,
        sync.BENCHMARK,
    ]


def main() -> int:
    """Run the chosen rows; returns 1 when one does not hold."""
    parser = argparse.ArgumentParser(
        prog="benchmarks", description="Figures beside a peer or a limit of the same run."
    )
    parser.add_argument("--only", default="", help="only rows whose name begins so")
    parser.add_argument("--smoke", action="store_true", help="short form for CI")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings.dev")
    chosen = [each for each in benchmarks() if _wanted(each.name, arguments.only)]
    if not chosen:
        parser.error(
            f"no row begins with {arguments.only!r}; there are {', '.join(each.name for each in benchmarks())}"
        )
    with server() if any(each.has_database for each in chosen) else nullcontext():
        rows = [
            row
            for each in chosen
            for row in each.run(Options(arguments.smoke))
            if _wanted(row.row, arguments.only)
        ]
    _print(rows)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(
        json.dumps([row.as_json() for row in rows], indent=1) + "\n", encoding="utf-8"
    )
    return 0 if all(row.holds for row in rows) else 1


def _wanted(name: str, only: str) -> bool:
    return name.startswith(only) or only.startswith(name)


def _print(rows: list[Row]) -> None:
    print(
        f"{'row':<18}{'ours':>10}{'reference':>11}  {'unit':<12}{'ratio':>7}  {'target':<9}{'holds':<6} note"
    )
    for row in rows:
        holds = "yes" if row.holds else "NO"
        print(
            f"{row.row:<18}{row.ours:>10.1f}{row.reference:>11.1f}  {row.unit:<12}{row.ratio:>7.3f}  "
            f"{row.target:<9}{holds:<6} {row.note}"
        )


if __name__ == "__main__":
    sys.exit(main())
