"""`manage.py doctor`: is everything this installation needs there, and what to do about what is not."""

import sys
from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand

from scrm.core.health import probes
from scrm.core.health.findings import Outcome

MARKS = {Outcome.GOOD: "✔", Outcome.WARNING: "!", Outcome.BAD: "✖"}


class Command(BaseCommand):
    """Exit 0: all good; 1: warnings; 2: something is broken."""

    help = "Check configuration, database, Redis, workers, inbox, storage and WeCom."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json and --only."""
        parser.add_argument("--json", action="store_true", help="machine-readable")
        parser.add_argument(
            "--only", action="append", default=[], choices=[name for name, _probe in probes.PROBES]
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine, print, exit with the worst outcome."""
        findings = probes.examine(options["only"])
        worst = probes.worst(findings)
        if options["json"]:
            rows = [
                {
                    "name": row.name,
                    "outcome": row.outcome,
                    "seen": row.seen,
                    "hint": row.hint,
                    "link": row.link,
                }
                for row in findings
            ]
            self.stdout.write(
                orjson.dumps(
                    {"worst": worst, "findings": rows}, option=orjson.OPT_INDENT_2
                ).decode()
            )
        else:
            for row in findings:
                told = " ".join(filter(None, (row.hint, row.link)))
                arrow = f" → {told}" if told else ""
                self.stdout.write(f"{MARKS[row.outcome]} {row.name:<16} {row.seen}{arrow}")
        sys.exit(probes.EXIT_CODES[worst])
