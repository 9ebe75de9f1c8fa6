"""`manage.py keys …`: change the keys of the stored data, and see whether a former one may go."""

import base64
import sys
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from celery.exceptions import Ignore
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from scrm.core.crypto import field_key_ids
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.keys import services
from scrm.core.keys.selectors import (
    FIELDS,
    INDEXES,
    field_uses,
    fields_verdict,
    index_key_count,
    index_uses,
    indexes_verdict,
)


class Command(BaseCommand):
    """`rotate`: exit 0 once nothing needs the former key; `check`: exit 1 while something does."""

    help = "Change the field key or the blind-index key while people work; see docs/deploy/keys.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the act and which keys it is about."""
        acts = parser.add_subparsers(dest="act", required=True)
        for name, words in (
            ("rotate", "rewrite every row under the first key; goes on where it was killed"),
            ("check", "may the former key be taken away?"),
            ("status", "which rows use which key"),
        ):
            act = acts.add_parser(name, help=words)
            act.add_argument("what", choices=(FIELDS, INDEXES))
        acts.add_parser(
            "parameter", help="print SCRM_PARAMETER_KEY, before the blind-index key changes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one act."""
        getattr(self, f"_{options['act']}")(options.get("what"))

    def _rotate(self, what: str) -> None:
        try:
            started = services.rotate(what, actor=None)
        except Conflict as error:
            if "job_id" not in error.data:
                raise CommandError(error.message) from None
            started = JobRun.objects.get(pk=error.data["job_id"])
        # Here, not in the worker: whoever runs the command sees its end. A worker that was quicker is waited for.
        with suppress(Ignore):  # somebody else runs it just now
            services.run(started.pk)
        job = JobRun.objects.get(pk=started.pk)
        if job.state not in {JobState.DONE, JobState.RUNNING, JobState.QUEUED}:
            raise CommandError(job.message or str(job.state))
        self.stdout.write(f"{job.state}: {job.succeeded} rows rewritten")

    def _check(self, what: str) -> None:
        verdict = fields_verdict() if what == FIELDS else indexes_verdict()
        for problem in verdict.problems:
            self.stdout.write(problem)
        if not verdict.may_remove:
            sys.exit(1)
        self.stdout.write("Nothing needs a former key: it may be taken away.")

    def _status(self, what: str) -> None:
        count = len(field_key_ids()) if what == FIELDS else index_key_count()
        self.stdout.write(f"{count} key(s) configured")
        for use in field_uses() if what == FIELDS else index_uses():
            former = ", ".join(f"{key}: {number}" for key, number in use.former.items()) or "0"
            self.stdout.write(
                f"{use.label}: {use.current} current, former {former}, lost {use.lost}"
            )

    def _parameter(self, _what: str | None) -> None:
        key: bytes = import_string(settings.PARAMETER_KEY_OF)()
        self.stdout.write(base64.b64encode(key).decode())
