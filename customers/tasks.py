"""Gathers the tasks of this app's features."""

from customers.crm.tasks import member_files_purge, members_import, store_codes_join_task
from customers.inheritance.tasks import (
    handover_release,
    handover_releases,
    handover_results,
    handover_run,
    leavers_plan_task,
)
from customers.oneid.tasks import oneid_reconcile
from customers.relations.tasks import relations_sync
from customers.tags.tasks import tags_sync
from customers.timeline.tasks import timeline_collect

__all__ = [
    "handover_release",
    "handover_releases",
    "handover_results",
    "handover_run",
    "leavers_plan_task",
    "member_files_purge",
    "members_import",
    "oneid_reconcile",
    "relations_sync",
    "store_codes_join_task",
    "tags_sync",
    "timeline_collect",
]
