"""Tells the rooms above that what they may do with a member changed; they read our selectors and obey.

Risk stands below them, so they are reached by a task name in the settings, never by an import.
"""

from collections.abc import Iterable

from django.conf import settings

from scrm.core.jobs import services as jobs


def members_changed(member_ids: Iterable[int]) -> None:
    """Have every live code of these members looked at again once the transaction is committed.

    Should the broker be away, the sweep of the live codes finds the change within a minute.
    """
    ids = sorted(set(member_ids))
    if ids:
        jobs.enqueue(settings.RISK_MEMBERS_CHANGED_TASK, member_ids=ids)
