"""The roster's accounts in WeCom: made after approval, disabled when the time is over; one job, resumable at every step."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from contacts.directory.selectors import member_by_userid
from contacts.directory.services import (
    USERID_TAKEN,
    AccountWritten,
    account_change,
    account_create,
    account_disable,
    ids_refresh,
    is_about_one,
    member_disabled,
    member_left,
    member_written,
    repeated,
)
from contacts.org.models import OrgUnit
from contacts.org.services import binding_set
from contacts.roster.models import RosterPerson
from contacts.roster.rules import same_name
from contacts.roster.selectors import (
    accounts_known,
    accounts_to_end,
    accounts_to_make,
    department_of,
    employed,
)
from scrm.core.alerts.services import raise_alert
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import (
    WeComError,
    WeComPermanent,
    WeComPermission,
    WeComUnknownOutcome,
)

State, Ending = RosterPerson.State, RosterPerson.Ending
KIND = KEY = "roster.accounts"
TASK = "contacts.roster_accounts"
BATCH = 100
# How long a failed job is left alone.
LEFT_ALONE = timedelta(minutes=30)
# WeCom has nobody with this phone; it blocks the look-up for the day after too many of these (doc 91693).
NOBODY, MISSES_ALLOWED = 46004, 50
logger = structlog.get_logger(__name__)


def accounts_start(*, actor: Any | None) -> JobRun | None:
    """Start the job, in the caller's transaction; None while it runs already and takes what is new with it."""
    try:
        return jobs.start(
            kind=KIND,
            key=KEY,
            task=TASK,
            actor=actor,
            title=gettext_noop("Make and end accounts of the roster"),
        )
    except Conflict:
        return None


def accounts_sweep() -> JobRun | None:
    """Start the job where accounts wait for it: approved ones, and those whose last day is over.

    After a failure (WeCom refuses the secret) it is left alone for half an hour.
    """
    if not (accounts_to_make().exists() or accounts_to_end(timezone.localdate()).exists()):
        return None
    recent = timezone.now() - LEFT_ALONE
    if JobRun.objects.filter(kind=KIND, state=JobState.FAILED, finished_at__gt=recent).exists():
        return None
    return accounts_start(actor=None)


def accounts_run(job_id: UUID | str) -> None:
    """Make and end what waits; the body of the job. A second attempt goes on where the first one stopped."""
    with jobs.running(job_id) as job:
        client = wecom("contacts", lane="sync")
        if accounts_to_make().exists():
            # Never assume what WeCom has: departments and userids are read right before.
            ids_refresh()
        maker = _Maker(client)
        for person in _each(accounts_to_make(), job):
            _one(person, lambda each: maker.make(each), job)
        ended = 0
        for person in _each(accounts_to_end(timezone.localdate()), job):
            ended += _one(person, lambda each: _end(each, client), job)
        if ended:
            # A room above acts for who left; the clock does too, should the broker be away.
            jobs.enqueue(settings.LEAVERS_TASK)


def _each(people: QuerySet[RosterPerson], job: jobs.Run) -> Iterator[RosterPerson]:
    """Yield people until none is left; what is approved meanwhile comes too, nobody comes twice."""
    seen: set[UUID] = set()
    while True:
        job.check_cancelled()
        batch = list(people.exclude(pk__in=seen).select_related("store", "member__employee")[:BATCH])  # fmt: skip
        if not batch:
            return
        job.advance(total=len(seen) + len(batch))
        for person in batch:
            seen.add(person.pk)
            yield person


@dataclass(frozen=True)
class _Done:
    """What became of one account, to be settled in one transaction."""

    settle: Any


def _one(person: RosterPerson, write: Any, job: jobs.Run) -> bool:
    """Write one account and settle it; a refusal of this account is its outcome, anything else stops the job."""
    try:
        done = repeated(lambda: write(person), job)
    except (WeComPermanent, WeComPermission) as failure:
        if not is_about_one(failure):
            raise
        done = _failed(person, f"wecom-{failure.kind}", failure.errcode)
    with transaction.atomic():
        good: bool = done.settle()
        job.advance(processed=1, succeeded=int(good), failed=int(not good))
    return good


def _failed(person: RosterPerson, code: str, errcode: int | None = None) -> _Done:
    def settle() -> bool:
        if person.state == State.ACTIVE:
            _stays_on(person, code, errcode)
        else:
            RosterPerson.objects.filter(pk=person.pk).update(
                state=State.FAILED, outcome=code, errcode=errcode, tried_at=None
            )
        return False

    return _Done(settle)


def _undecided(person: RosterPerson, userid: str) -> _Done:
    """Stop before an account nobody was told of when approving; headquarters takes it over, or refuses."""
    failed = _failed(person, "account_found")

    def settle() -> bool:
        RosterPerson.objects.filter(pk=person.pk).update(takes_over=userid)
        return bool(failed.settle())

    return _Done(settle)


def _stays_on(person: RosterPerson, code: str, errcode: int | None) -> None:
    """Note that an account could not be disabled, and tell; it is tried again after a while."""
    RosterPerson.objects.filter(pk=person.pk).update(
        errcode=errcode, tried_at=timezone.now(), outcome=code
    )
    raise_alert(
        kind="roster.not_disabled",
        key=str(person.pk),
        level="critical",
        title=lambda: _("An account whose time is over still works"),
        text=lambda: _("%(name)s (%(userid)s): WeCom refuses to disable it. Disable it in WeCom's admin.")
        % {"name": person.name, "userid": person.userid},
        dedupe=timedelta(days=1),
    )  # fmt: skip


class _Maker:
    """Makes accounts: takes over the one that is the person's already, else creates one."""

    def __init__(self, client: WeComClient) -> None:
        self._client = client
        self._misses = 0
        self._asks = True

    def make(self, person: RosterPerson) -> _Done:
        """Write the account of one approved person; raises WeComError."""
        at = datetime.now(UTC)
        if person.tried_at is not None:
            return self._create(person, at, tried=True)
        index = bytes(person.phone_index or b"")
        member = accounts_known([index]).get(index) or self._by_phone(person)
        if member is not None and member.status != Member.Status.LEFT:
            return self._take_over(person, member, at)
        if _is_foreign(person.userid):
            return _failed(person, "userid_taken")
        # From here on an account of this userid may be ours, even if this process dies before it notes so.
        _tried(person, at)
        try:
            return self._create(person, at, tried=False)
        except WeComUnknownOutcome:
            raise
        except WeComError:
            # Surely not made: whoever takes the userid before the next attempt is somebody else.
            _tried(person, None)
            raise

    def _by_phone(self, person: RosterPerson) -> Member | None:
        """Ask WeCom whose account has this phone; a refusal ends the asking, for WeCom takes a phone only once."""
        if not self._asks:
            return None
        try:
            userid = wecom(lane="sync").user.getuserid(person.phone.removeprefix("+86"))
        except WeComError as failure:
            self._misses += 1
            self._asks = failure.errcode == NOBODY and self._misses < MISSES_ALLOWED
            if failure.errcode != NOBODY:
                logger.warning("roster.phones_not_asked", errcode=failure.errcode)
            return None
        return member_by_userid(userid)

    def _take_over(self, person: RosterPerson, member: Member, at: datetime) -> _Done:
        if employed(member):
            return _failed(person, "in_oa")
        disabled = member.status == Member.Status.DISABLED
        by_us = hasattr(member, "written") and not member.written.enabled
        if disabled and not by_us:
            return _failed(person, "disabled_by_others")
        # A phone goes from one person to the next: only the name says whose account it is.
        if not same_name(member.name or self._name_of(member), person.name):
            return _failed(person, "phone_taken")
        if person.takes_over != member.userid:
            return _undecided(person, member.userid)
        account = _account(person, member.userid)
        account_change(self._client, account, enable=disabled)
        return _made(
            person, account, at, created=False, code="enabled" if disabled else "taken_over"
        )

    def _name_of(self, member: Member) -> str:
        return wecom(lane="sync").user.get(member.userid).name or ""

    def _create(self, person: RosterPerson, at: datetime, *, tried: bool) -> _Done:
        account = _account(person, person.userid)
        try:
            account_create(self._client, account, invite=True, tried=tried)
        except WeComPermanent as failure:
            if failure.errcode != USERID_TAKEN:
                raise
            return _failed(person, "userid_taken")
        return _made(person, account, at, created=True, code="made")


def _tried(person: RosterPerson, at: datetime | None) -> None:
    """Note whether an attempt is under way whose outcome is not known yet."""
    person.tried_at = at
    RosterPerson.objects.filter(pk=person.pk).update(tried_at=at)


def _is_foreign(userid: str) -> bool:
    """Return whether WeCom has an account of this userid."""
    member = member_by_userid(userid)
    return member is not None and member.status != Member.Status.LEFT


def _account(person: RosterPerson, userid: str) -> AccountWritten:
    return AccountWritten(
        userid=userid,
        name=person.name,
        phone=person.phone,
        gender="",
        position=person.post,
        department_id=department_of(person.store),
        leader_userid="",
        job_number="",
    )


def _made(
    person: RosterPerson, account: AccountWritten, at: datetime, *, created: bool, code: str
) -> _Done:
    def settle() -> bool:
        member = member_written(account, at=at, created=created, enabled=code == "enabled")
        is_open = person.store.status == OrgUnit.Status.OPEN
        RosterPerson.objects.filter(pk=person.pk).update(
            state=State.ACTIVE,
            member=member,
            userid=member.userid,
            outcome=code if is_open else "store_closed",
            errcode=None,
            tried_at=None,
        )
        if is_open:
            binding_set(store=person.store, member=member, position=None, actor=person.decided_by, move=True)  # fmt: skip
        record(actor=None, action="roster.account", target=f"roster:{person.pk}", after={"userid": member.userid, "outcome": code})  # fmt: skip
        return True

    return _Done(settle)


def _end(person: RosterPerson, client: WeComClient) -> _Done:
    """Disable an account whose time is over; one the OA employs by now stays, and is the OA's."""
    at = datetime.now(UTC)
    member = person.member
    if member is None or member.status == Member.Status.LEFT:
        return _ended(person, Ending.EXPIRED)
    if employed(member):
        return _ended(person, Ending.IN_OA)
    if account_disable(client, member.userid):
        return _ended(person, Ending.EXPIRED, lambda: member_disabled(member.userid, at=at))
    return _ended(person, Ending.EXPIRED, lambda: member_left(member.userid, observed_at=at))


def _ended(person: RosterPerson, ending: str, mirror: Any = None) -> _Done:
    by_hand = person.outcome == "ended_by_hand"
    final = Ending.BY_HAND if by_hand and ending == Ending.EXPIRED else ending

    def settle() -> bool:
        if mirror is not None:
            mirror()
        RosterPerson.objects.filter(pk=person.pk).update(
            state=State.ENDED, ending=final, ended_at=timezone.now(), outcome="", errcode=None
        )
        person.extensions.filter(state="waiting").update(
            state="refused", decided_at=timezone.now(), note=""
        )
        record(actor=None, action="roster.ended", target=f"roster:{person.pk}", after={"userid": person.userid, "why": str(final)})  # fmt: skip
        return True

    return _Done(settle)
