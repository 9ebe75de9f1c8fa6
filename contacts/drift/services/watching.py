"""When to compare: soon after WeCom told of a change, and at night. How old the secrets are."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.drift.models import DriftWatch, SecretSeen
from contacts.drift.secrets import old_secrets, undated_secrets
from contacts.drift.selectors import last_check
from scrm.core.alerts.services import raise_alert
from scrm.core.crypto import blind_indexes

TOLD_AGAIN = timedelta(days=7)


@transaction.atomic
def check_soon() -> datetime:
    """Have the next comparison begin soon; many calls are one comparison. Returns when it is due.

    It waits until WeCom has been quiet for a little, and keeps a distance to the comparison before.
    """
    now = timezone.now()
    quiet = now + timedelta(seconds=settings.DRIFT_QUIET_SECONDS)
    last = last_check()
    gap = timedelta(minutes=settings.DRIFT_GAP_MINUTES)
    earliest = last.started_at + gap if last is not None else quiet
    DriftWatch.objects.get_or_create(pk=1)
    watch = DriftWatch.objects.select_for_update().get(pk=1)
    if watch.due_at is None:
        watch.due_at = max(quiet, earliest)
        watch.save(update_fields=["due_at"])
    return watch.due_at


@transaction.atomic
def due_take() -> bool:
    """Return whether a comparison is due, and forget it: whoever takes it starts it."""
    return bool(DriftWatch.objects.filter(pk=1, due_at__lte=timezone.now()).update(due_at=None))


def secrets_note() -> int:
    """Recognise the secrets that have no date of their own; returns how many are new or changed."""
    held = {row.name: row for row in SecretSeen.objects.all()}
    now, changed = timezone.now(), 0
    present = undated_secrets()
    for name, value in present.items():
        fingerprints = blind_indexes("secret", f"{name}\x1f{value}")
        row = held.get(name)
        if row is not None and bytes(row.fingerprint) in fingerprints:
            continue
        SecretSeen.objects.update_or_create(
            name=name,
            defaults={"fingerprint": fingerprints[0], "since": now, "is_exact": row is not None},
        )
        changed += 1
    SecretSeen.objects.exclude(name__in=present).delete()
    return changed


def secrets_watch() -> int:
    """Note the secrets and warn of those that are too old; returns how many are."""
    secrets_note()
    old = len(old_secrets())
    if old:
        raise_alert(
            kind="contacts.secrets",
            key="age",
            level="warning",
            title=lambda: str(_("Secrets are older than you allow")),
            text=lambda: (
                ngettext(
                    "%(count)d secret is older than %(days)d days. Change it; see Age of secrets under Address-book drift.",
                    "%(count)d secrets are older than %(days)d days. Change them; see Age of secrets under Address-book drift.",
                    old,
                )
                % {"count": old, "days": settings.SECRET_DAYS}
            ),
            dedupe=TOLD_AGAIN,
        )
    return old
