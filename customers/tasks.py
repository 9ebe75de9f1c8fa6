"""Gathers the tasks of this app's features."""

from customers.crm.tasks import store_codes_join_task
from customers.fields.tasks import field_values_expire
from customers.groups.tasks import (
    group_figures,
    groups_reread,
    groups_sync,
    groups_sync_nightly,
)
from customers.inheritance.tasks import (
    handover_again,
    handover_release,
    handover_releases,
    handover_results,
    handover_run,
    leavers_plan_task,
)
from customers.intake.tasks import (
    intake_files_purge,
    intake_import,
    intake_read,
    intake_sources_due,
)
from customers.lists.tasks import (
    customer_exports_purge,
    customers_export,
    search_rebuild,
    search_refresh,
)
from customers.oneid.tasks import oneid_audit, oneid_nightly, oneid_reconcile
from customers.points.tasks import points_nightly, redemptions_lapse
from customers.privacy.tasks import (
    privacy_clean,
    privacy_clean_start,
    privacy_erase,
    privacy_package,
)
from customers.profile.tasks import count_marks_find
from customers.segments.tasks import (
    audience_import,
    invitations_close,
    invitations_give,
    tag_rules_check,
    tag_rules_drain,
    tag_rules_nightly,
)
from customers.sync.tasks import opened_read, sync, sync_nightly
from customers.tags.tasks import tags_mark, tags_nightly, tags_sync
from customers.timeline.tasks import timeline_collect

__all__ = [
    "audience_import",
    "count_marks_find",
    "customer_exports_purge",
    "customers_export",
    "field_values_expire",
    "group_figures",
    "groups_reread",
    "groups_sync",
    "groups_sync_nightly",
    "handover_again",
    "handover_release",
    "handover_releases",
    "handover_results",
    "handover_run",
    "intake_files_purge",
    "intake_import",
    "intake_read",
    "intake_sources_due",
    "invitations_close",
    "invitations_give",
    "leavers_plan_task",
    "oneid_audit",
    "oneid_nightly",
    "oneid_reconcile",
    "opened_read",
    "points_nightly",
    "privacy_clean",
    "privacy_clean_start",
    "privacy_erase",
    "privacy_package",
    "redemptions_lapse",
    "search_rebuild",
    "search_refresh",
    "store_codes_join_task",
    "sync",
    "sync_nightly",
    "tag_rules_check",
    "tag_rules_drain",
    "tag_rules_nightly",
    "tags_mark",
    "tags_nightly",
    "tags_sync",
    "timeline_collect",
]
