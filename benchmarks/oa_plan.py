"""Rows `oa.*`: an OA is read, checked and planned in a process of its own; what that costs, and how it grows.

The first plan makes every account; the second one reads the same files against what the first one made. CPU is
that of our process and of its PostgreSQL backend together.
"""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.database import ROOT, own_database
from benchmarks.rows import Benchmark, Options, Row, at_most, budget
from benchmarks.server import environment

SETTINGS = "scrm.settings.dev"
EMPLOYEES, STORES = 20_000, 3_000
CPU_BUDGET, MEMORY_BUDGET = 10.0, 300.0
# Five times the employees may cost five times the CPU, and a fifth more.
GROWTH, LINEAR = 5, 1.2
STORES_OF_A_BRANCH = 60


def run(options: Options) -> list[Row]:
    """Plan the size of the budget, and one five times smaller (short form) or larger."""
    other = 1 / GROWTH if options.smoke else GROWTH
    measured = _measured(1), _measured(other)
    budgeted = measured[0]
    small, large = sorted(measured, key=lambda each: each["employees"])
    size = f"{budgeted['employees']} employees, {budgeted['stores']} stores"
    made = f"{size}: {budgeted['items']} changes kept"
    return [
        budget("oa.plan.cpu", budgeted["cpu"], CPU_BUDGET, "s CPU", f"{made}, PostgreSQL included"),
        budget("oa.plan.memory", budgeted["memory"], MEMORY_BUDGET, "MiB", "peak of the process"),
        budget(
            "oa.replan.writes",
            budgeted["rewritten"] + budgeted["again"],
            0,
            "rows",
            f"the same files again, {budgeted['again_cpu']:.1f} s CPU",
        ),
        at_most(
            "oa.plan.linear",
            large["cpu"] / GROWTH,
            small["cpu"],
            "s CPU",
            LINEAR,
            f"{large['employees']} beside {small['employees']} employees, a fifth of it; peak {large['memory']:.0f} MiB",
        ),
    ]


def _measured(share: float) -> dict[str, Any]:
    """Plan in a fresh process on a fresh database; returns its figures."""
    with own_database() as url:
        env = environment(url, SETTINGS)
        sizes = [str(int(EMPLOYEES * share)), str(int(STORES * share))]
        child = [sys.executable, "-m", "benchmarks.oa_plan", *sizes]
        answer = subprocess.run(
            child, cwd=ROOT, env=env, check=True, capture_output=True, text=True
        )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def department_rows(stores: int) -> list[tuple[str, ...]]:
    """Return a company, a branch for every 60 stores, and the stores."""
    branches = max(1, stores // STORES_OF_A_BRANCH)
    return [
        ("C", "Company", "", "company", ""),
        *((f"B{n}", f"Branch {n}", "C", "branch", "") for n in range(branches)),
        *((f"D{n}", f"Store {n}", f"B{n % branches}", "store", f"S{n}") for n in range(stores)),
    ]


def employee_rows(employees: int, stores: int) -> list[tuple[str, ...]]:
    """Return guides, each but the first of a store led by that one."""
    return [
        (f"E{n:06d}", f"Guide {n}", "female", f"138{n:08d}", "Guide", f"D{n % stores}",
         f"E{n % stores:06d}" if n >= stores else "", "active", "2026-01-01")
        for n in range(employees)
    ]  # fmt: skip


DEPARTMENT_HEADERS = ("code", "name", "parent code", "kind", "store code")
EMPLOYEE_HEADERS = ("job number", "name", "sex", "phone", "post", "department code",
                    "leader job number", "employment state", "effective date")  # fmt: skip


def _csv(headers: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headers)
    writer.writerows(rows)
    return out.getvalue().encode()


def child(employees: int, stores: int) -> dict[str, Any]:
    """Plan twice; the body of the process that is measured."""
    import django

    django.setup()
    from benchmarks import oa_mirror

    departments = _csv(DEPARTMENT_HEADERS, department_rows(stores))
    people = _csv(EMPLOYEE_HEADERS, employee_rows(employees, stores))
    oa_mirror.open_company()
    begun = oa_mirror.cpu_seconds()
    first = oa_mirror.plan(departments, people)
    cpu, memory = oa_mirror.cpu_seconds() - begun, _peak_mib()
    items = sum(first.item_counts.values())
    oa_mirror.apply(first)
    before, begun = oa_mirror.row_marks(), oa_mirror.cpu_seconds()
    second = oa_mirror.plan(departments, people)
    again_cpu = oa_mirror.cpu_seconds() - begun
    return {
        "employees": employees, "stores": stores, "items": items, "cpu": cpu, "memory": memory,
        "again": sum(second.item_counts.values()), "again_cpu": again_cpu,
        "rewritten": sum(was != now for was, now in zip(before, oa_mirror.row_marks(), strict=True)),
    }  # fmt: skip


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )


BENCHMARK = Benchmark("oa", run)

if __name__ == "__main__":
    print(json.dumps(child(int(sys.argv[1]), int(sys.argv[2]))))
