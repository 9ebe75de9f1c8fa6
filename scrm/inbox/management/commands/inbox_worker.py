"""`manage.py inbox_worker`: processes callbacks and sends the outbox."""

import signal
import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scrm.inbox.selectors import workers_alive
from scrm.inbox.worker import DEFAULT_THREADS, Worker, drain


class Command(BaseCommand):
    """Run one worker process; start as many as you like, on as many hosts as you like."""

    help = "Processes WeCom callbacks and sends outgoing messages until SIGTERM. Needs PostgreSQL, not Redis."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the number of threads of each lane."""
        defaults = ",".join(f"{name}={count}" for name, count in DEFAULT_THREADS.items())
        parser.add_argument(
            "--threads",
            default="",
            help=f"Threads of each lane, such as inbox.event=4. Default: {defaults}",
        )
        parser.add_argument(
            "--drain",
            action="store_true",
            help="Work in one thread until nothing is due, then end.",
        )
        parser.add_argument(
            "--alive",
            action="store_true",
            help="Only say whether a worker of this host showed a sign of life just now.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until a signal asks to stop."""
        if options["alive"]:
            self._show_alive()
            return
        if options["drain"]:
            counts = drain()
            self.stdout.write(
                ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
                or "nothing due"
            )
            return
        worker = Worker(DEFAULT_THREADS | _threads(options["threads"]))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if not worker.run():
            raise CommandError(
                "A thread did not end in time; its work goes to another worker when the lease runs out."
            )

    def _show_alive(self) -> None:
        """Name this host's workers; raises CommandError when there is none."""
        host = socket.gethostname()
        names = [
            worker.name for worker in workers_alive() if worker.name.rpartition(":")[0] == host
        ]
        if not names:
            raise CommandError(f"No inbox worker of {host} showed a sign of life in 15 seconds.")
        self.stdout.write(" ".join(names))


def _threads(words: str) -> dict[str, int]:
    chosen: dict[str, int] = {}
    for part in filter(None, words.split(",")):
        name, _, count = part.strip().partition("=")
        if name not in DEFAULT_THREADS or not count.isdigit() or int(count) > 64:
            raise CommandError(
                f"--threads: {part!r} is not like inbox.event=4; lanes: {', '.join(DEFAULT_THREADS)}."
            )
        chosen[name] = int(count)
    return chosen
