"""Celery entries of privacy."""

from celery import shared_task

from customers.privacy import cleaning, services


@shared_task(name="customers.privacy_erase")
def privacy_erase(job_id: str) -> None:
    """Forget a person."""
    services.erase_run(job_id)


@shared_task(name="customers.privacy_package")
def privacy_package(job_id: str) -> None:
    """Gather everything we hold about a person."""
    services.package_run(job_id)


@shared_task(name="customers.privacy_clean_start")
def privacy_clean_start() -> None:
    """Start the nightly cleaning."""
    cleaning.clean_start()


@shared_task(name="customers.privacy_clean")
def privacy_clean(job_id: str) -> None:
    """Delete what was kept long enough."""
    cleaning.clean_run(job_id)
