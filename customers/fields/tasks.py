"""The clock of customer fields."""

from celery import shared_task

from customers.fields.services import values_expire


@shared_task(name="customers.field_values_expire")
def field_values_expire() -> None:
    """Forget values whose time is over."""
    values_expire()
