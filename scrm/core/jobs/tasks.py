"""Clock of the jobs."""

from celery import shared_task

from scrm.core.health import services as health
from scrm.core.jobs import services


@shared_task(name="core.jobs_sweep")
def jobs_sweep() -> None:
    """Hand over again what nobody works on; being called shows that the clock and a worker live."""
    health.beat("beat")
    services.sweep()
