"""The clock of profiles."""

from celery import shared_task

from customers.profile.marking import rule_apply


@shared_task(name="customers.count_marks_find")
def count_marks_find() -> None:
    """Mark colleagues by their phones, for the days they are employed."""
    rule_apply()
