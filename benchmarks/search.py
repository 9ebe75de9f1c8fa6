"""Rows `search.*`: the search box at a million people, by the CPU time of the PostgreSQL backend, all its queries.

The worst text of each scope counts: full phone, last four digits, a rare and a common nickname, a remark, pinyin
in full, initials and two letters, an id. Every sample is asserted to be found.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks.database import ROOT, own_database
from benchmarks.rows import Benchmark, Options, Row, budget
from benchmarks.server import environment

SETTINGS = "scrm.settings.dev"
PEOPLE, FEW = 1_000_000, 20_000
BUDGET_MS = 5.0


def run(options: Options) -> list[Row]:
    """Fill a database and search in it from a process of its own."""
    people = FEW if options.smoke else PEOPLE
    with own_database() as url:
        env = environment(url, SETTINGS)
        child = [sys.executable, "-m", "benchmarks.search_world", str(people)]
        answer = subprocess.run(child, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)  # fmt: skip
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return [_row(found, scope) for scope in ("all", "branch", "store", "own")]


def _row(found: dict[str, Any], scope: str) -> Row:
    mine = [each for each in found["figures"] if each["scope"] == scope]
    worst = max(mine, key=lambda each: each["ms"])
    each = ", ".join(f"{one['kind']} {one['ms']:.1f}" for one in mine)
    note = f"{found['people']:,} people, worst {worst['kind']}; {each}"
    return budget(f"search.{scope}", worst["ms"], BUDGET_MS, "ms DB CPU", note)


BENCHMARK = Benchmark("search", run)
