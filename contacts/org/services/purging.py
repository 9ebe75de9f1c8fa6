"""Deletes what branches sent in once its time is over; that it was sent, and what came of it, stays."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from contacts.org.change_models import StoreChangeStep
from contacts.org.models import BindingImport, BindingImportRow, SentRows

KEPT = timedelta(days=365)


@transaction.atomic
def sent_in_purge() -> int:
    """Delete rows, places and names that were sent in more than a year ago; returns how many files and forms."""
    before = timezone.now() - KEPT
    old = BindingImport.objects.filter(created_at__lt=before)
    BindingImportRow.objects.filter(batch__in=old.values("pk")).delete()
    old.exclude(latitude=None).update(latitude=None, longitude=None, datum="", accuracy=None)
    old.filter(channel=BindingImport.Channel.PHONE).exclude(filename="").update(filename="")
    accounts = StoreChangeStep.objects.filter(
        act__startswith="org.account_", change__created_at__lt=before
    )
    accounts.exclude(subject="").update(subject="")
    deleted, _by_model = SentRows.objects.filter(created_at__lt=before).delete()
    return deleted
