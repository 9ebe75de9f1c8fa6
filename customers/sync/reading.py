"""Reads chains of members page by page; every page is stored together with where its chain stands."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from contacts.directory.services import members_ensure
from customers.relations.bulk import Walked, pages_store
from customers.relations.comparing import Change
from customers.relations.losing import relations_not_listed
from customers.relations.reading_models import ListedPage
from customers.sync.crew import Crew
from customers.sync.failures import CURSOR_CODES, MEMBER_CODES, MOST_ALIKE, moment_of
from customers.sync.models import (
    MemberRead,
    MissedChange,
    SyncChain,
    SyncFault,
    SyncRun,
    Unlisted,
)
from customers.sync.progress import Progress
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import NO_RELATION_CODE, WeComError, WeComRetryable
from scrm.wecom.types import ExternalContactPage

PAGE_ROWS = 100
# A member has at most so many customers (design: 20,000 after expansion), twice over, and empty pages between.
MOST_PAGES_A_MEMBER = 500
MOST_RESTARTS = 3
MOST_TRIES = 30
# A walk that stood still for longer is begun anew: what its first pages listed is not kept for ever.
WALK_LIFE = timedelta(hours=12)
ENDPOINT = "externalcontact/batch/get_by_user"


@dataclass
class Link:
    """A chain as this attempt has it in hand: `read_before` are the members whose changes can have been missed."""

    chain: SyncChain
    read_before: frozenset[int]
    member_ids: tuple[int, ...]

    @property
    def key(self) -> str:
        """Return what its tries are counted by."""
        return f"chain:{self.chain.pk}"


class Superseded(Exception):  # noqa: N818 - not an error, somebody else is at work
    """Another attempt has moved this chain on; nothing of ours may be stored."""


class Reader:
    """Reads all open chains of a run."""

    def __init__(self, client: WeComClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress
        self._alike: list[int | None] = []

    def read(self) -> None:
        """Return when no chain is open; raises WeComError where all members fail alike."""
        chains = SyncChain.objects.filter(run=self._progress.sync, state=SyncChain.State.OPEN)
        for chain in chains.filter(pages__gt=0).exclude(listing__in=walks_alive()):
            begin_anew(chain)
        crew: Crew[Link, ExternalContactPage] = Crew(
            self._progress.throttle,
            call=self._page,
            settle=self._settle,
            fail=self._fail,
            tick=self._progress.tick,
        )
        crew.work(links(list(chains.order_by("number"))))

    def _page(self, link: Link) -> ExternalContactPage:
        chain = link.chain
        if not chain.pages and not chain.cursor:
            chain.began_at = timezone.now()
        page = self._client.external_contact.batch_get_by_user(
            chain.userids, cursor=chain.cursor, limit=PAGE_ROWS
        )
        endless = chain.pages >= MOST_PAGES_A_MEMBER * len(chain.userids)
        if page.next_cursor and (page.next_cursor == chain.cursor or endless):
            raise WeComRetryable(
                None, "the cursor leads back to a page already read", ENDPOINT, retry_after=60
            )
        return page

    def _settle(self, answers: list[tuple[Link, ExternalContactPage]]) -> Iterable[Link]:
        for _link, _page in answers:
            self._progress.asked()
        self._alike.clear()
        try:
            moved = store(self._progress, answers)
        except IntegrityError:
            # Somebody made one of the new rows without our lock; now it is there to be compared.
            moved = store(self._progress, answers)
        # Only now is it committed.
        for (link, _page), chain in zip(answers, moved, strict=True):
            link.chain = chain
            self._progress.answered(link.key)
        return [link for link, _page in answers if link.chain.state == SyncChain.State.OPEN]

    def _fail(self, link: Link, error: WeComError) -> Iterable[Link]:
        moment = moment_of(error)
        if moment is not None:
            self._progress.waited(moment)
            if moment.code != "no_answer" or self._progress.tried(link.key) < MOST_TRIES:
                return [link]
            self._progress.answered(link.key)
            # One member may be what WeCom cannot answer for; the others of the chain can be read.
            return split(link) if len(link.chain.userids) > 1 else self._give_up(link, error)
        self._progress.asked()
        if link.chain.cursor and error.errcode in CURSOR_CODES:
            return self._again(link, error)
        if len(link.chain.userids) > 1:
            return split(link)
        if error.errcode == NO_RELATION_CODE:
            page = ExternalContactPage((), "", timezone.now())
            store(self._progress, [(link, page)])
            return []
        return self._give_up(link, error)

    def _again(self, link: Link, error: WeComError) -> Iterable[Link]:
        """Begin this chain, and no other, from its first page: its cursor has expired."""
        if link.chain.restarts >= MOST_RESTARTS:
            return self._give_up(link, error)
        begin_anew(link.chain)
        return [link]

    def _give_up(self, link: Link, error: WeComError) -> Iterable[Link]:
        if error.errcode not in MEMBER_CODES and not isinstance(error, WeComRetryable):
            self._alike.append(error.errcode)
            if self._alike[-MOST_ALIKE:] == [error.errcode] * MOST_ALIKE:
                raise error
        give_up(self._progress, link.chain, error.errcode, error.kind)
        return []


def walks_alive() -> QuerySet[ListedPage, Any]:
    """Return the walks that stored a page lately: what they listed is kept, however long they are under way."""
    fresh = ListedPage.objects.filter(observed_at__gte=timezone.now() - WALK_LIFE)
    return fresh.values("listing")


def links(chains: Sequence[SyncChain]) -> list[Link]:
    """Return chains with their members, and which of these were completely read before."""
    members = members_ensure({userid for chain in chains for userid in chain.userids})
    ids = {member.pk for member in members.values()}
    before = set(MemberRead.objects.filter(member__in=ids).values_list("member_id", flat=True))
    found = []
    for chain in chains:
        own = tuple(members[userid.lower()].pk for userid in chain.userids)
        found.append(Link(chain, frozenset(own) & before, own))
    return found


@transaction.atomic
def store(
    progress: Progress, answers: Sequence[tuple[Link, ExternalContactPage]]
) -> list[SyncChain]:
    """Store pages, where their chains stand, what was missed and who is missing: all or nothing."""
    held = {
        chain.pk: chain
        for chain in SyncChain.objects.select_for_update().filter(
            pk__in=[link.chain.pk for link, _page in answers]
        )
    }
    for link, _page in answers:
        if (held[link.chain.pk].listing, held[link.chain.pk].pages) != (
            link.chain.listing,
            link.chain.pages,
        ):
            raise Superseded
    stored = pages_store([Walked(page, link.chain.listing) for link, page in answers])
    before = frozenset().union(*(link.read_before for link, _page in answers))
    missed_note(progress.sync, (each for each in stored.changes if each.member_id in before))
    moved = [_moved(link.chain, page) for link, page in answers]
    SyncChain.objects.bulk_update(moved, ["state", "began_at", "cursor", "pages", "read"])
    SyncRun.objects.filter(pk=progress.sync.pk).update(
        read=F("read") + stored.counts.read,
        created=F("created") + stored.counts.created,
        updated=F("updated") + stored.counts.updated,
    )
    # A run that moves may be killed as often as it likes.
    progress.run.advance()
    for (link, _page), chain in zip(answers, moved, strict=True):
        if chain.state == SyncChain.State.DONE:
            _end(progress, link)
    return moved


def _moved(chain: SyncChain, page: ExternalContactPage) -> SyncChain:
    """Return a chain as it stands behind a page; the one in hand changes only once that is committed."""
    return SyncChain(
        pk=chain.pk,
        run_id=chain.run_id,
        number=chain.number,
        userids=chain.userids,
        listing=chain.listing,
        restarts=chain.restarts,
        began_at=chain.began_at or page.observed_at,
        cursor=page.next_cursor,
        pages=chain.pages + 1,
        read=chain.read + len(page.rows),
        state=SyncChain.State.OPEN if page.next_cursor else SyncChain.State.DONE,
    )


def _end(progress: Progress, link: Link) -> None:
    """A walk is complete: note whom it did not list, and that its members were read."""
    began_at: datetime = link.chain.began_at or timezone.now()
    missing = relations_not_listed(link.member_ids, link.chain.listing, began_at)
    Unlisted.objects.bulk_create(
        (
            Unlisted(run=progress.sync, relation_id=relation_id, began_at=began_at)
            for relation_id in missing.values_list("pk", flat=True)
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )
    MemberRead.objects.bulk_create(
        [MemberRead(member_id=pk, complete_at=began_at) for pk in link.member_ids],
        update_conflicts=True,
        unique_fields=["member"],
        update_fields=["complete_at"],
    )
    count = len(link.member_ids)
    progress.run.advance(processed=count, succeeded=count)


def missed_note(sync: SyncRun, changes: Iterable[Change]) -> None:
    """Keep what no event told."""
    now = timezone.now()
    MissedChange.objects.bulk_create(
        (
            MissedChange(
                run=sync,
                relation_id=each.relation_id,
                kind=each.what.value,
                detail=dict(each.detail),
                found_at=now,
            )
            for each in changes
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def begin_anew(chain: SyncChain) -> None:
    """Let a chain begin at its first page, as a new walk."""
    chain.restarts += 1
    chain.listing, chain.cursor, chain.pages, chain.began_at = uuid.uuid4(), "", 0, None
    chain.save(update_fields=["restarts", "listing", "cursor", "pages", "began_at"])


@transaction.atomic
def split(link: Link) -> list[Link]:
    """Make two chains of one that WeCom refuses, so that one bad member is found and blocks nobody else."""
    chain = link.chain
    half = len(chain.userids) // 2
    newest = SyncChain.objects.filter(run=chain.run_id).order_by("-number").values_list("number", flat=True)  # fmt: skip
    other = SyncChain.objects.create(
        run_id=chain.run_id, number=newest[0] + 1, userids=chain.userids[half:]
    )
    chain.userids = chain.userids[:half]
    chain.listing, chain.cursor, chain.pages, chain.began_at = uuid.uuid4(), "", 0, None
    chain.save(update_fields=["userids", "listing", "cursor", "pages", "began_at"])
    return links([chain, other])


@transaction.atomic
def give_up(progress: Progress, chain: SyncChain, errcode: int | None, kind: str) -> None:
    """Keep why the members of a chain could not be read; nothing is concluded about their customers."""
    SyncFault.objects.bulk_create(
        [
            SyncFault(run=progress.sync, userid=userid, errcode=errcode, kind=kind)
            for userid in chain.userids
        ],
        ignore_conflicts=True,
    )
    SyncChain.objects.filter(pk=chain.pk).update(state=SyncChain.State.FAILED)
    count = len(chain.userids)
    progress.run.advance(processed=count, failed=count)
