"""Bulk work on members."""

from celery import shared_task

from customers.crm.stores import store_codes_join


@shared_task(name="customers.store_codes_join")
def store_codes_join_task() -> tuple[int, int]:
    """Bring members and orders to the stores their codes mean now."""
    return store_codes_join()
