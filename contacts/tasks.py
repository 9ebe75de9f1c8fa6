"""Gathers the tasks of this app's features, so that Celery finds them."""

from contacts.directory.tasks import (
    directory_refresh,
    directory_watch,
    employees_leave,
    follow_users_refresh,
)
from contacts.drift.tasks import drift_check, drift_nightly, drift_restore, drift_watch
from contacts.feed.tasks import feed_purge
from contacts.oa_sync.tasks import (
    oa_files_purge,
    oa_plans_watch,
    oa_source_read,
    oa_sources_read,
    oa_sync_apply,
    oa_sync_plan,
)
from contacts.org.tasks import sent_in_purge_task, store_change_apply, store_changes_due
from contacts.profiles.tasks import (
    profiles_check,
    profiles_push,
    profiles_sweep,
    profiles_watch,
)
from contacts.roles.tasks import roles_of_leavers_revoke
from contacts.roster.tasks import roster_accounts, roster_remind, roster_sweep

__all__ = [
    "directory_refresh",
    "directory_watch",
    "drift_check",
    "drift_nightly",
    "drift_restore",
    "drift_watch",
    "employees_leave",
    "feed_purge",
    "follow_users_refresh",
    "oa_files_purge",
    "oa_plans_watch",
    "oa_source_read",
    "oa_sources_read",
    "oa_sync_apply",
    "oa_sync_plan",
    "profiles_check",
    "profiles_push",
    "profiles_sweep",
    "profiles_watch",
    "roles_of_leavers_revoke",
    "roster_accounts",
    "roster_remind",
    "roster_sweep",
    "sent_in_purge_task",
    "store_change_apply",
    "store_changes_due",
]
