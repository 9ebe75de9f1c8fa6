"""Gathers the tasks of this app's features, so that Celery finds them."""

from contacts.directory.tasks import directory_refresh, directory_watch, follow_users_refresh
from contacts.feed.tasks import feed_purge
from contacts.oa_sync.tasks import oa_files_purge, oa_sync_apply, oa_sync_plan
from contacts.roles.tasks import roles_of_leavers_revoke

__all__ = [
    "directory_refresh",
    "directory_watch",
    "feed_purge",
    "follow_users_refresh",
    "oa_files_purge",
    "oa_sync_apply",
    "oa_sync_plan",
    "roles_of_leavers_revoke",
]
