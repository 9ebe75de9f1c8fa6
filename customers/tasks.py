"""Gathers the tasks of this app's features."""

from customers.crm.tasks import member_files_purge, members_import
from customers.inheritance.tasks import handover_results, handover_run
from customers.oneid.tasks import oneid_reconcile
from customers.relations.tasks import relations_sync
from customers.tags.tasks import tags_sync
from customers.timeline.tasks import timeline_collect

__all__ = [
    "handover_results",
    "handover_run",
    "member_files_purge",
    "members_import",
    "oneid_reconcile",
    "relations_sync",
    "tags_sync",
    "timeline_collect",
]
