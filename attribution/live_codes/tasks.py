"""Scheduled work of live codes."""

from celery import shared_task

from attribution.live_codes.pushing import live_codes_sweep


@shared_task(name="attribution.live_codes_sweep")
def live_codes_sweep_task() -> int:
    """Push what WeCom does not know: members who became ready or left, pictures, unanswered calls."""
    return live_codes_sweep()
