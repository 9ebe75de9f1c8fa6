"""What the clock does for the roster: reminders before the last day, and forgetting who is long gone."""

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from contacts.directory.models import Member
from contacts.roster.models import RosterFile, RosterPerson
from contacts.roster.selectors import expiring
from scrm.core.alerts.services import raise_alert
from scrm.core.outbox import services as outbox

# Days before the last day on which sponsor and headquarters are told.
REMINDERS = (14, 3)
NAMES_SHOWN = 10
# The OA's leavers keep their phone as long; files of people go with the binding files' refused rows.
FORGOTTEN_AFTER, FILES_KEPT = timedelta(days=30), timedelta(days=90)
REMINDER = "roster.reminder"


@transaction.atomic
def people_remind() -> int:
    """Tell sponsors and headquarters whose last day comes, 14 and 3 days before; returns how many people.

    One message a sponsor and threshold. A day on which the clock stood still is caught up with.
    """
    today = timezone.localdate()
    by_sponsor: dict[tuple[int, int], list[RosterPerson]] = defaultdict(list)
    rows = expiring(today, max(REMINDERS)).select_for_update(of=("self",))
    for person in rows.select_related("sponsor", "store").order_by("expires_on", "pk"):
        due = min(days for days in REMINDERS if person.days_left <= days)
        if person.reminded is None or person.reminded > due:
            by_sponsor[person.sponsor_id, due].append(person)
    for (_sponsor, due), people in by_sponsor.items():
        _tell(people[0].sponsor, people, due)
        RosterPerson.objects.filter(pk__in=[each.pk for each in people]).update(reminded=due)
    return sum(map(len, by_sponsor.values()))


def _tell(sponsor: Member, people: list[RosterPerson], due: int) -> None:
    day = timezone.localdate().isoformat()
    key = f"{sponsor.pk}:{due}:{day}"
    raise_alert(
        kind="roster.expiring",
        key=key,
        level="warning" if due == min(REMINDERS) else "info",
        title=lambda: _title(len(people)),
        text=lambda: _text(sponsor, people),
        dedupe=timedelta(days=1),
    )
    if sponsor.status == Member.Status.ACTIVE:
        with override(settings.LANGUAGE_CODE):
            payload = {
                "userids": [sponsor.userid],
                "title": _title(len(people)),
                "description": _text(sponsor, people),
                "url": settings.BASE_URL.rstrip("/") + reverse("h5:roster"),
            }
        outbox.put(
            kind=REMINDER,
            key=f"{REMINDER}:{key}",
            payload=payload,
            expires_at=timezone.now() + timedelta(days=1),
        )


def _title(count: int) -> str:
    return ngettext(
        "%(count)d person's time on the roster ends soon",
        "%(count)d people's time on the roster ends soon",
        count,
    ) % {"count": count}


def _text(sponsor: Member, people: list[RosterPerson]) -> str:
    named = [
        _("%(name)s (%(store)s) until %(day)s")
        % {"name": each.name, "store": each.store.name, "day": each.expires_on.isoformat()}
        for each in people[:NAMES_SHOWN]
    ]
    more = len(people) - len(named)
    if more:
        named.append(ngettext("and %(count)d more", "and %(count)d more", more) % {"count": more})
    words = _("%(people)s. Sponsor: %(sponsor)s. Who stays longer has to be extended before; otherwise the account is disabled.")  # fmt: skip
    return words % {"people": _("; ").join(named), "sponsor": sponsor.name or sponsor.userid}


@transaction.atomic
def roster_purge() -> int:
    """Forget phones and places of who is gone for 30 days, delete files after 90; returns how many people.

    The name and the account stay, as they do of any member who left.
    """
    now = timezone.now()
    RosterFile.objects.filter(created_at__lt=now - FILES_KEPT).delete()
    before = now - FORGOTTEN_AFTER
    gone = RosterPerson.objects.filter(state=RosterPerson.State.ENDED, ended_at__lt=before)
    refused = RosterPerson.objects.filter(state=RosterPerson.State.REFUSED, decided_at__lt=before)
    ids: list[UUID] = [
        *gone.exclude(phone_index=None).values_list("pk", flat=True),
        *refused.exclude(phone_index=None).values_list("pk", flat=True),
    ]
    people = list(RosterPerson.objects.filter(pk__in=ids))
    for person in people:
        person.phone, person.phone_index = "", None
        person.latitude = person.longitude = person.accuracy = None
        person.datum = ""
        person.save(
            update_fields=["phone", "phone_index", "latitude", "longitude", "accuracy", "datum"]
        )
    return len(people)
