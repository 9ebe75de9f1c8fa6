"""Scheduled work of the boards."""

from celery import shared_task

from attribution.boards.services import boards_roll_up, days_recompute, recent_days


@shared_task(name="attribution.boards_roll_up")
def boards_roll_up_task() -> int:
    """Add up what changed; returns how many days."""
    return len(boards_roll_up())


@shared_task(name="attribution.boards_check")
def boards_check_task() -> int:
    """Add up the last two months again at night; returns how many days were wrong."""
    return days_recompute(recent_days())
