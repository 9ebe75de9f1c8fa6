"""Scheduled work of live codes."""

from collections.abc import Sequence

from celery import shared_task

from attribution.live_codes.pushing import live_codes_refresh_for, live_codes_sweep


@shared_task(name="attribution.live_codes_sweep")
def live_codes_sweep_task() -> int:
    """Push what WeCom does not know: members who became ready or left, pictures, unanswered calls."""
    return live_codes_sweep()


@shared_task(name="attribution.live_codes_refresh")
def live_codes_refresh_task(member_ids: Sequence[int]) -> int:
    """Push the codes of members that became full, restricted or free (settings.RISK_MEMBERS_CHANGED_TASK)."""
    return live_codes_refresh_for(member_ids)
