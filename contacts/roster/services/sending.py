"""People sent in one by one, by console or phone; asking for a later last day; ending early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.datums import Datum, Point, distance
from contacts.org.models import OrgUnit
from contacts.roster.checks import Judged, judge
from contacts.roster.models import RosterExtension, RosterFile, RosterPerson
from contacts.roster.rules import LONGEST, day_problem
from contacts.roster.selectors import known_for
from contacts.roster.services.accounts import accounts_start
from contacts.roster.words import PROBLEMS, problem_words
from scrm.core.audit.services import record
from scrm.core.crypto import blind_indexes
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.phone import normalise_phone
from scrm.core.scope import Scope

State, Channel = RosterPerson.State, RosterPerson.Channel
Rows = Sequence[tuple[int, dict[str, str]]]


@dataclass(frozen=True)
class PersonSent:
    """One person as typed; the place is where the phone says it is, if it says so."""

    name: str
    phone: str
    post: str
    store_code: str
    sponsor: str
    expires_on: str
    userid: str = ""
    place: Point | None = None
    accuracy: int | None = None

    @property
    def cells(self) -> dict[str, str]:
        """Return what a file's row would say."""
        return {
            "name": self.name,
            "phone": self.phone,
            "post": self.post,
            "store_code": self.store_code,
            "sponsor": self.sponsor,
            "expires_on": self.expires_on,
            "userid": self.userid,
        }


def people_judged(rows: Rows, scope: Scope) -> list[Judged]:
    """Return rows with what they say, or why they are refused, as things stand now."""
    phones = [index for _number, cells in rows for index in _indexes_of(cells.get("phone", ""))]
    return judge(rows, known_for(scope, (cells for _number, cells in rows), phones))


def _indexes_of(text: str) -> list[bytes]:
    try:
        return blind_indexes("phone", normalise_phone(text))
    except ScrmError:
        return []


@transaction.atomic
def person_send(sent: PersonSent, *, channel: str, actor: Any, scope: Scope) -> RosterPerson:
    """Send one person to headquarters; raises ValidationFailed with `data["field"]` where that cannot be done."""
    (row,) = people_judged([(1, sent.cells)], scope)
    if row.code:
        raise ValidationFailed(problem_words(row), code=row.code, field=field_of(row.code))
    person = person_of(row, channel=channel, actor=actor)
    if sent.place is not None and row.store is not None:
        _put_place(person, sent.place, sent.accuracy, row.store)
    people_save([person])
    record(
        actor=actor,
        action="roster.send",
        target=f"roster:{person.pk}",
        after={"name": person.name, "store": person.store.code, "sponsor": person.sponsor.userid, "last_day": person.expires_on.isoformat(), "channel": channel, "metres": person.distance},
    )  # fmt: skip
    return person


def field_of(code: str) -> str:
    """Return the field a refusal is about."""
    words = {"store": "store_code", "day": "expires_on"}
    beginning = code.split("_")[0]
    return words.get(beginning, beginning)


def person_of(
    row: Judged, *, channel: str, actor: Any, file: RosterFile | None = None
) -> RosterPerson:
    """Return a person of a good row, not saved yet."""
    if row.store is None or row.sponsor is None or row.expires_on is None:
        raise ValidationFailed(str(PROBLEMS["store_unknown"]) % {"store_code": ""})
    return RosterPerson(
        name=row.name,
        phone=row.phone,
        phone_index=row.phone_index,
        post=row.post,
        store=row.store,
        sponsor=row.sponsor,
        userid=row.userid,
        expires_on=row.expires_on,
        channel=channel,
        created_by=actor,
        file=file,
    )


def people_save(people: Sequence[RosterPerson]) -> None:
    """Save new people, all or none; raises Conflict where another sender was quicker with a phone or userid."""
    try:
        with transaction.atomic():
            RosterPerson.objects.bulk_create(people, batch_size=500)
    except IntegrityError:
        raise Conflict(
            _("Somebody else just sent one of these phones or accounts. Look again."),
            code="roster_taken",
        ) from None


def _put_place(person: RosterPerson, place: Point, accuracy: int | None, store: OrgUnit) -> None:
    away = distance(place, store.point) if store.point else None
    person.latitude = round(Decimal(place.latitude), 6)
    person.longitude = round(Decimal(place.longitude), 6)
    person.datum, person.accuracy = Datum(place.datum), accuracy
    person.distance = None if away is None else round(away)


@transaction.atomic
def person_withdraw(*, person: RosterPerson, actor: Any) -> None:
    """Take somebody back before headquarters decided; raises Conflict afterwards."""
    locked = person_locked(person, State.WAITING)
    _end(locked, RosterPerson.Ending.WITHDRAWN)
    record(actor=actor, action="roster.withdraw", target=f"roster:{locked.pk}", before={"state": State.WAITING.value})  # fmt: skip


@transaction.atomic
def person_end(*, person: RosterPerson, actor: Any, reason: str) -> None:
    """End somebody's time now: the account is disabled within a minute. Raises Conflict, ValidationFailed without a reason."""
    if not reason.strip():
        raise ValidationFailed(_("Say why it ends now."), code="reason_missing", field="reason")
    locked = person_locked(person, State.ACTIVE, State.FAILED)
    before = {"state": locked.state, "last_day": locked.expires_on.isoformat()}
    if locked.state == State.FAILED:
        _end(locked, RosterPerson.Ending.BY_HAND)
    else:
        locked.expires_on = timezone.localdate() - timedelta(days=1)
        locked.outcome, locked.note = "ended_by_hand", reason.strip()[:500]
        locked.save(update_fields=["expires_on", "outcome", "note"])
        accounts_start(actor=actor)
    record(actor=actor, action="roster.end", target=f"roster:{locked.pk}", before=before, reason=reason.strip())  # fmt: skip


def _end(person: RosterPerson, ending: str) -> None:
    person.state, person.ending, person.ended_at = State.ENDED, ending, timezone.now()
    person.save(update_fields=["state", "ending", "ended_at"])


def person_locked(person: RosterPerson, *states: str) -> RosterPerson:
    """Return the row under its lock; raises Conflict where it is in none of these states any more."""
    locked = RosterPerson.objects.select_for_update(of=("self",)).get(pk=person.pk)
    if locked.state not in states:
        raise Conflict(
            _("%(name)s is not in this state any more: %(state)s.")
            % {"name": locked.name, "state": locked.get_state_display()},
            code="roster_moved_on",
        )
    return locked


@transaction.atomic
def extension_ask(*, person: RosterPerson, until: date, reason: str, actor: Any) -> RosterExtension:
    """Ask headquarters for a later last day; raises ValidationFailed, Conflict where one waits already."""
    locked = person_locked(person, State.ACTIVE)
    problem = day_problem(until, timezone.localdate())
    if problem:
        words = str(PROBLEMS[problem]) % {"expires_on": until.isoformat(), "days": LONGEST.days}
        raise ValidationFailed(words, code=problem, field="until")
    if until <= locked.expires_on:
        raise ValidationFailed(
            _("The account works until %(day)s already. Give a later day.")
            % {"day": locked.expires_on.isoformat()},
            code="day_not_later",
            field="until",
        )
    try:
        with transaction.atomic():
            asked = RosterExtension.objects.create(
                person=locked, until=until, reason=reason.strip()[:200], asked_by=actor
            )
    except IntegrityError:
        raise Conflict(
            _("An extension waits for headquarters already."), code="extension_waits"
        ) from None
    record(actor=actor, action="roster.extension_ask", target=f"roster:{locked.pk}", before={"last_day": locked.expires_on.isoformat()}, after={"last_day": until.isoformat()}, reason=asked.reason)  # fmt: skip
    return asked
