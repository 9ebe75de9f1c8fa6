"""Bulk work of segments, rules and invitations."""

from celery import shared_task

from customers.segments import audience, inviting, rules, running
from customers.segments.models import TagRule
from scrm.core.exceptions import Conflict

ROUNDS = 100


@shared_task(name="customers.tag_rules_drain")
def tag_rules_drain() -> None:
    """Let the rules look at the persons whose facts changed."""
    for _round in range(ROUNDS):
        if running.changes_drain() is None:
            return


@shared_task(name="customers.tag_rules_check")
def tag_rules_check(job_id: str) -> None:
    """Let the rules look at everybody."""
    running.run_check(job_id)


@shared_task(name="customers.tag_rules_nightly")
def tag_rules_nightly() -> None:
    """Look at everybody once a night: time passes without any fact changing."""
    if not TagRule.objects.filter(state=TagRule.State.ACTIVE).exists():
        return
    try:
        rules.check_start(actor=None, key="night")
    except Conflict:
        return


@shared_task(name="customers.audience_import")
def audience_import(job_id: str) -> None:
    """Look up the rows of an audience file."""
    audience.run_import(job_id)


@shared_task(name="customers.invitations_give")
def invitations_give(job_id: str) -> None:
    """Give guides members to invite."""
    inviting.run_giving(job_id)


@shared_task(name="customers.invitations_close")
def invitations_close() -> None:
    """End the invitations of members who became friends."""
    inviting.invitations_close()
