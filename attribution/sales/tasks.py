"""The clock of the sales, and the jobs of rule changes."""

from datetime import date

from celery import shared_task
from django.db import transaction

from attribution.sales.aside import asides_retry
from attribution.sales.models import RuleSet
from attribution.sales.services import drain, order_ids_after, orders_decide
from attribution.sales.trials import compare, tally_keep, tally_kept
from customers.crm.models import Order
from scrm.core.jobs.services import running
from scrm.core.keys.selectors import indexes_moving

# What is left then waits for the next tick.
BATCHES_A_TICK = 40


@shared_task(name="attribution.sales_drain")
def sales_drain_task() -> int:
    """Decide what changed, 500 orders at a time, each batch in its own transaction."""
    if indexes_moving():
        return 0
    asides_retry()
    count = 0
    for _batch in range(BATCHES_A_TICK):
        done = drain()
        if done is None:
            break
        count += done
    return count


@shared_task(name="attribution.sales_trial")
def sales_trial_task(job_id: str) -> None:
    """Show what a draft would change; writes no credit. Resumes behind the last order compared."""
    with running(job_id) as run:
        draft = RuleSet.objects.get(pk=run.params["ruleset_id"])
        run.advance(total=Order.objects.count())
        tally = tally_kept(job_id)
        while ids := order_ids_after(tally.last, first=draft.applies_from):
            run.check_cancelled()
            compare(ids, draft, tally)
            with transaction.atomic():
                tally_keep(tally, job_id, draft)
                run.advance(processed=len(ids), cursor={"last": tally.last})
        tally_keep(tally, job_id, draft)
        run.result(orders=tally.orders, changed=tally.changed)


@shared_task(name="attribution.sales_recompute")
def sales_recompute_task(job_id: str) -> None:
    """Decide the orders again that a new version of the rules holds for; resumes behind the last one."""
    with running(job_id) as run:
        first = date.fromisoformat(run.params["first"]) if run.params.get("first") else None
        last = (run.cursor or {}).get("last", "")
        while ids := order_ids_after(last, first=first):
            run.check_cancelled()
            last = str(ids[-1])
            with transaction.atomic():
                changed = orders_decide(ids)
                run.advance(
                    processed=len(ids),
                    succeeded=changed,
                    skipped=len(ids) - changed,
                    cursor={"last": last},
                )
