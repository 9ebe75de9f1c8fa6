"""The second look: a relation that a complete read did not list is lost only if WeCom does not show it now either."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from customers.relations.comparing import What
from customers.relations.losing import Look, Missing, second_look
from customers.sync.crew import Crew
from customers.sync.failures import moment_of
from customers.sync.models import MissedChange, SyncRun, Unlisted
from customers.sync.progress import Progress
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import NO_RELATION_CODE, WeComError, WeComPermanent
from scrm.wecom.types import ExternalContactDetail

# Nobody follows them any more; no such external contact.
GONE_CODES = frozenset({NO_RELATION_CODE, 40096})
MOST_TRIES = 30
# Customers whose missing relations are held in memory at a time.
CUSTOMERS = 2000
Outcome, Kind = Unlisted.Outcome, MissedChange.Kind


@dataclass
class Doubt:
    """A customer some of whose relations were not listed."""

    external_userid: str
    missing: list[Missing] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Return what its tries are counted by."""
        return f"look:{self.missing[0].relation_id}"


@dataclass(frozen=True)
class Seen:
    """What a second look showed; no detail when nobody follows the customer."""

    detail: ExternalContactDetail | None
    looked_at: datetime


class Looker:
    """Looks again at every customer of whom a run missed a relation."""

    def __init__(self, client: WeComClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress

    def look(self) -> None:
        """Return when none waits any more."""
        crew: Crew[Doubt, Seen] = Crew(
            self._progress.throttle,
            call=self._ask,
            settle=self._settle,
            fail=self._fail,
            tick=self._progress.tick,
        )
        while doubts := self._doubts():
            crew.work(doubts)

    def _doubts(self) -> list[Doubt]:
        waiting = Unlisted.objects.filter(run=self._progress.sync, outcome=Outcome.WAITING)
        rows = waiting.order_by("relation__contact_id").values_list(
            "relation__contact__external_userid", "relation_id", "began_at"
        )
        found: dict[str, Doubt] = {}
        for external_userid, relation_id, began_at in rows.iterator(chunk_size=CUSTOMERS):
            if external_userid not in found and len(found) == CUSTOMERS:
                break
            doubt = found.setdefault(external_userid, Doubt(external_userid))
            doubt.missing.append(Missing(relation_id, began_at))
        return list(found.values())

    def _ask(self, doubt: Doubt) -> Seen:
        looked_at = timezone.now()
        try:
            return Seen(self._client.external_contact.get(doubt.external_userid), looked_at)
        except WeComPermanent as error:
            if error.errcode in GONE_CODES:
                return Seen(None, looked_at)
            raise

    def _settle(self, answers: list[tuple[Doubt, Seen]]) -> Iterable[Doubt]:
        for doubt, seen in answers:
            self._progress.asked()
            self._store(doubt, seen)
            self._progress.answered(doubt.key)
        self._progress.run.advance()
        return []

    @transaction.atomic
    def _store(self, doubt: Doubt, seen: Seen) -> None:
        sync = self._progress.sync
        looks = second_look(doubt.external_userid, seen.detail, seen.looked_at, doubt.missing)
        now = timezone.now()
        for outcome in (Outcome.LOST, Outcome.LISTED):
            ids = [look.relation_id for look in looks if look.is_lost == (outcome == Outcome.LOST)]
            Unlisted.objects.filter(run=sync, relation__in=ids).update(outcome=outcome)
        kinds = [(look, _kind(look)) for look in looks]
        MissedChange.objects.bulk_create(
            (
                MissedChange(run=sync, relation_id=look.relation_id, kind=kind, found_at=now)
                for look, kind in kinds
                if kind
            ),
            ignore_conflicts=True,
        )
        SyncRun.objects.filter(pk=sync.pk).update(
            lost=F("lost") + sum(look.is_lost and not look.was_lost for look in looks)
        )

    def _fail(self, doubt: Doubt, error: WeComError) -> Iterable[Doubt]:
        moment = moment_of(error)
        if moment is not None:
            self._progress.waited(moment)
            if moment.code != "no_answer" or self._progress.tried(doubt.key) < MOST_TRIES:
                return [doubt]
            self._progress.answered(doubt.key)
        else:
            self._progress.asked()
        ids = [each.relation_id for each in doubt.missing]
        Unlisted.objects.filter(run=self._progress.sync, relation__in=ids).update(
            outcome=Outcome.UNKNOWN
        )
        return []


def _kind(look: Look) -> str:
    """Return what was missed at a relation; "" when nothing was."""
    if look.was_lost:
        # Its event came between the read and the look.
        return ""
    if look.is_lost:
        return Kind.HANDED_OVER if look.handed_over else Kind.LOST
    return What.ADDED_AGAIN.value if look.added_again else ""
