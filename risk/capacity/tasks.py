"""The clock of capacity."""

from celery import shared_task

from risk.capacity.services import capacity_sweep


@shared_task(name="risk.capacity_sweep")
def capacity_sweep_task() -> int:
    """Count every account: relations also change by synchronisation, limits by people."""
    return capacity_sweep()
