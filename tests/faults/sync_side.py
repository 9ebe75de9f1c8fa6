"""The program's side of F13 and F14, in processes of their own that can be killed: `python -m tests.faults.sync_side`."""

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any

import django

NOT_YET = 0.2


def start() -> dict[str, Any]:
    """Start a run; nobody works on it yet."""
    from celery import current_app

    from customers.sync import services

    # As a web server that has served a while: it knows all tasks.
    current_app.loader.import_default_modules()
    sync = services.sync_start(actor=None)
    return {"run": str(sync.pk), "job": str(sync.job_id)}


def work(job_id: str) -> dict[str, Any]:
    """Work on a job until it is over, waiting as the clock would."""
    from celery.exceptions import Ignore
    from django.utils import timezone

    from customers.sync import services
    from scrm.core.jobs.models import JobRun

    while True:
        job = JobRun.objects.get(pk=job_id)
        if not job.is_active:
            return {"state": job.state, "message": job.message}
        if job.not_before is not None and job.not_before > timezone.now():
            time.sleep(NOT_YET)
            continue
        try:
            services.sync_run(job_id)
        except Ignore:
            # The session of one who was killed lives a moment longer, and holds the lock.
            time.sleep(NOT_YET)


def figures(run_id: str) -> dict[str, Any]:
    """Return what a run says of itself and of its chains."""
    from customers.relations.models import FollowRelation
    from customers.sync.models import MissedChange, SyncRun

    sync = SyncRun.objects.get(pk=run_id)
    kinds = Counter(MissedChange.objects.filter(run=sync).values_list("kind", flat=True))
    return {
        "outcome": sync.outcome,
        "read": sync.read,
        "calls": sync.calls,
        "pages": sum(sync.chains.values_list("pages", flat=True)),
        "chains": sync.chains.count(),
        "open": sync.chains.filter(state="open").count(),
        "faults": sync.faults.count(),
        "lost": sync.lost,
        "all_lost": FollowRelation.objects.filter(status="lost").count(),
        "seconds": sync.worked_seconds,
        "missed": dict(kinds),
    }


def compare(url: str, members: int) -> dict[str, Any]:
    """Set every member's living relations against the sandbox's, row by row."""
    from customers.relations.models import FollowRelation
    from tests.customers.sync.corp import Corp, values_of
    from wecom_sandbox.testing import Control

    corp = Corp.of(Control(url), members=members)
    wrong: list[str] = []
    count = 0
    for userid in corp.userids:
        ledger = dict(corp.ledger_of(userid))
        rows = FollowRelation.objects.filter(status="active", member__userid=userid)
        ours = {
            (userid, row.contact.external_userid): values_of(row)
            for row in rows.select_related("contact")
        }
        count += len(ledger)
        if ours != ledger:
            pairs = [
                pair for pair in ledger.keys() | ours.keys() if ours.get(pair) != ledger.get(pair)
            ]
            wrong += [f"{pair}: {ours.get(pair)} {ledger.get(pair)}" for pair in pairs]
    return {"relations": count, "wrong": len(wrong), "first": wrong[:3]}


def missed(run_id: str) -> dict[str, Any]:
    """Return every change a run found missed, as [kind, userid, external_userid]."""
    from customers.sync.models import MissedChange

    rows = MissedChange.objects.filter(run=run_id).values_list(
        "kind", "relation__member__userid", "relation__contact__external_userid"
    )
    return {"rows": [list(row) for row in rows]}


def main() -> int:
    """Do one thing and print it as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sync_side")
    parser.add_argument("act", choices=["start", "work", "figures", "compare", "missed"])
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    django.setup()
    given = options.arguments
    found = {
        "start": lambda: start(),
        "work": lambda: work(given[0]),
        "figures": lambda: figures(given[0]),
        "compare": lambda: compare(given[0], int(given[1])),
        "missed": lambda: missed(given[0]),
    }[options.act]()
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
