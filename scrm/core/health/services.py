"""Writes signs of life."""

from django.utils import timezone

from scrm.core.health.models import Heartbeat


def beat(name: str) -> None:
    """Note that the process `name` is alive now."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["at"],
    )
