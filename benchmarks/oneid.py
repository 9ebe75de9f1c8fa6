"""Rows `oneid.*`: who is who, in a batch beside scipy and Splink, in a backfill, one at a time, and audited.

Each part runs in a process and a database of its own; CPU is that of the process and of its PostgreSQL backend.
The full form rebuilds 1,000,000 members and 3,000,000 contacts. No row holds unless the persons are those of an
independent oracle.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.database import ROOT, own_database
from benchmarks.rows import Benchmark, Options, Row, at_least, at_most, budget
from benchmarks.server import environment

SETTINGS = "scrm.settings.dev"
MEMBERS, SMOKE_MEMBERS = 1_000_000, 20_000
# The backfill and the online part: every record goes through the product's own path.
FILLED, SMOKE_FILLED = 50_000, 25_000
ONE_BY_ONE, NAIVE = 1_000, 600
ROUNDS = 2
BYTES_AN_EDGE = 500
Figures = dict[str, Any]


def run(options: Options) -> list[Row]:
    """Measure the batch, then the backfill and the online path."""
    batch = _measured("batch", SMOKE_MEMBERS if options.smoke else MEMBERS)
    filled = _measured("filled", SMOKE_FILLED if options.smoke else FILLED)
    return _batch_rows(batch) + _filled_rows(filled)


def _batch_rows(found: Figures) -> list[Row]:
    size = f"{found['records']} records, {found['edges']} edges, {found['persons']} persons"
    oracle = "as the oracle" if found["same"] else "NOT AS THE ORACLE"
    rows = [
        at_most("oneid.batch.scipy", found["ours"], found["scipy"], "s CPU", 2.0,
                f"{size}, {oracle}; {found['doubtful']} blocks by the exact rule; wall {found['wall']:.0f} s"),
        at_most("oneid.batch.splink", found["ours"], found["splink"], "s CPU", 0.6,
                f"{found['splink_persons']} clusters by plain connection, {found['scipy_persons']} by scipy"),
        budget("oneid.batch.memory", found["bytes"], BYTES_AN_EDGE, "B/edge", f"peak {found['memory']:.0f} MiB"),
        budget("oneid.batch.oracle", found["wrong"], 0, "persons", oracle),
    ]  # fmt: skip
    return rows


def _filled_rows(found: Figures) -> list[Row]:
    size = f"{found['records']} records in random order, {found['persons']} persons"
    return [
        at_least("oneid.backfill", found["naive"], found["backfill"], "us CPU", 50.0,
                 f"{size}; reference: ours, ours: get_or_create"),
        at_most("oneid.online", found["online"], found["floor"], "us CPU", 4.0,
                f"{found['ones']} customers, p50 {found['p50']:.2f} ms, p99 {found['p99']:.2f} ms; {found['looks']} looked at whole"),
        budget("oneid.audit", found["differences"], 0, "records",
               f"audit of {found['records']} records, {found['audit']:.1f} s CPU, persons as the oracle: {found['same']}"),
        budget("oneid.audit.repair", found["unrepaired"], 0, "records",
               f"{found['broken']} links broken, {found['repaired']} put right"),
    ]  # fmt: skip


def _measured(part: str, members: int) -> Figures:
    """Measure one part in a fresh process on a fresh database."""
    with own_database() as url:
        env = environment(url, SETTINGS)
        child = [sys.executable, "-m", "benchmarks.oneid", part, str(members)]
        answer = subprocess.run(
            child, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
    found: Figures = json.loads(answer.stdout.splitlines()[-1])
    return found


# --- inside the process that is measured -------------------------------------------------------------------------


def _cpu(action: Callable[[], Any]) -> tuple[float, Any]:
    from benchmarks.oneid_world import cpu_seconds

    begun = cpu_seconds()
    answer = action()
    return cpu_seconds() - begun, answer


def _settled() -> tuple[Any, list[int]]:
    """Rebuild all persons as the audit does; return every record's person by number."""
    from customers.oneid import audit

    whole = audit.rebuild()
    return whole, audit.blocks_settled(whole).block_of


def batch(members: int) -> Figures:
    """Rebuild all persons from the edges beside scipy, Splink and the oracle."""
    import numpy as np

    from benchmarks import oneid_peers, oneid_world
    from customers.oneid.quarantine import limits

    oneid_world.people_make(members)
    oneid_world.execute(oneid_world.KEYS)
    oneid_world.analyze()
    empty = _peak_mib()
    begun = time.monotonic()
    ours, (whole, block_of) = _cpu(_settled)
    found: Figures = {"wall": time.monotonic() - begun, "memory": _peak_mib()}
    names, persons = dict(whole.number), block_of
    doubtful, edge_count = len(whole.doubtful), whole.edges
    del whole
    scipys, loads = [], []
    for _round in range(ROUNDS):
        again, edges = _cpu(oneid_peers.edges_load)
        linked, plain = _cpu(lambda edges=edges: oneid_peers.components(edges))
        loads.append(again)
        scipys.append(again + linked)
        ours = min(ours, _cpu(_settled)[0])
    order = [names[UUID(text).bytes] for text in edges.record_ids.to_pylist()]
    mine = np.array(persons)[order]
    active = oneid_world.active_members()
    judged = oneid_peers.oracle(edges, active, limits().degree, limits().records)
    records = oneid_peers.splink_records(edges)
    # Both sides begin with the edges in PostgreSQL; Splink's pivot is not counted.
    splink, clusters = _cpu(lambda: oneid_peers.splink_persons(records))
    splink += min(loads)
    is_same = oneid_peers.same(mine, judged)
    return found | {
        "ours": ours, "scipy": min(scipys), "splink": splink, "splink_persons": clusters,
        "scipy_persons": len(np.unique(plain)), "records": len(order), "edges": edge_count,
        "persons": len(np.unique(mine)), "doubtful": doubtful, "same": is_same,
        "wrong": 0 if is_same else abs(len(np.unique(mine)) - len(np.unique(judged))) or 1,
        "bytes": (found["memory"] - empty) * 2**20 / edge_count,
    }  # fmt: skip


def filled(members: int) -> Figures:
    """Let every record in by the product's own path, then one at a time, then audit."""
    from benchmarks import oneid_filling, oneid_world

    oneid_world.people_make(members)
    oneid_world.execute(oneid_world.FLOOR)
    return oneid_filling.measure(ONE_BY_ONE, NAIVE)


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )


BENCHMARK = Benchmark("oneid", run)

if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps({"batch": batch, "filled": filled}[sys.argv[1]](int(sys.argv[2]))))
