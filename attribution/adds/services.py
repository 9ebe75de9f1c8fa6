"""Recomputes a pair's add episodes and queues what a live code promised: tags and a remark."""

import hashlib
from datetime import datetime

from django.db import transaction

from attribution.adds.episodes import Episode, episodes_of
from attribution.adds.models import AddEpisode
from attribution.adds.selectors import facts_of, is_assigned
from attribution.live_codes.models import LiveCode
from customers.relations import services as relations
from customers.tags.selectors import deleted_among
from scrm.core.outbox import services as outbox

TAG_KIND = "relation.tag"
REMARK_KIND = "relation.remark"


@transaction.atomic
def episodes_recompute(userid: str, external_userid: str) -> list[AddEpisode]:
    """Make the stored episodes of a pair equal to what its events say, and return them, oldest first.

    May be called any number of times in any order: rows keep their place, effects are keyed by meaning.
    """
    relations.contact_lock(external_userid)
    wanted = episodes_of(facts_of(userid, external_userid))
    codes = _codes_of(wanted)
    stored = list(
        AddEpisode.objects.filter(external_userid=external_userid, userid__iexact=userid).order_by(
            "started_at", "pk"
        )
    )
    spare = _unwanted(stored, wanted)
    kept = {row.started_at: row for row in stored}
    rows = []
    for episode in wanted:
        # An earlier half-add that comes late moves the beginning of a row, it does not make a new one.
        row = kept.get(episode.started_at) or (spare.pop(0) if spare else None)
        rows.append(_store(row, episode, codes.get(episode.state), userid, external_userid))
    AddEpisode.objects.filter(pk__in=[row.pk for row in spare]).delete()
    return rows


def _codes_of(episodes: list[Episode]) -> dict[str, LiveCode]:
    states = {episode.state for episode in episodes if episode.state}
    return (
        {code.state: code for code in LiveCode.objects.filter(state__in=states)} if states else {}
    )


def _unwanted(stored: list[AddEpisode], wanted: list[Episode]) -> list[AddEpisode]:
    starts = {episode.started_at for episode in wanted}
    return [row for row in stored if row.started_at not in starts]


def _store(
    row: AddEpisode | None,
    episode: Episode,
    code: LiveCode | None,
    userid: str,
    external_userid: str,
) -> AddEpisode:
    row = row or AddEpisode(userid=userid, external_userid=external_userid)
    values = {
        "started_at": episode.started_at,
        "ended_at": episode.ended_at,
        "confirmed_at": episode.confirmed_at,
        "handed_on": episode.handed_on,
        "state": episode.state,
        "live_code": code,
    }
    if row.pk is None or any(getattr(row, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return row


@transaction.atomic
def promises_queue(userid: str, external_userid: str) -> None:
    """Queue tags and remark of the living episode, once for each time the customer came by this code.

    Comes after the relation is mirrored: what WeCom takes is then noted on it, and no read that began
    before can hide it.
    """
    relations.contact_lock(external_userid)
    rows = list(
        AddEpisode.objects.filter(external_userid=external_userid, userid__iexact=userid)
        .select_related("live_code")
        .order_by("started_at", "pk")
    )
    if not rows or rows[-1].ended_at is not None:
        return
    _take_over_note(rows[-1])
    if rows[-1].live_code is None:
        return
    row, code = rows[-1], rows[-1].live_code
    number = sum(1 for earlier in rows if earlier.live_code_id == row.live_code_id)
    pair = hashlib.sha256(f"{row.userid.lower()}\n{row.external_userid}".encode()).hexdigest()[:32]
    who = {"userid": row.userid, "external_userid": row.external_userid}
    if living := _living_tags(code.tag_ids):
        outbox.put(
            kind=TAG_KIND,
            key=f"{TAG_KIND}:{code.pk}:{pair}:{number}",
            payload={**who, "add": living},
        )
    if code.remark_suffix:
        outbox.put(
            kind=REMARK_KIND,
            key=f"{REMARK_KIND}:{code.pk}:{pair}:{number}",
            payload={**who, "suffix": code.remark_suffix},
        )


def _take_over_note(row: AddEpisode) -> None:
    """Keep that an add was WeCom's hand-over; only a read of the relation tells, no event does."""
    if not row.taken_over and is_assigned(row.userid, row.external_userid):
        row.taken_over = True
        row.save(update_fields=["taken_over"])


def relation_event_told(fact: relations.RelationFact) -> list[AddEpisode]:
    """Keep an event (again, if need be) and recompute its pair in one transaction."""
    with transaction.atomic():
        relations.relation_event_record(fact)
        return episodes_recompute(fact.userid, fact.external_userid)


def tags_settled(userid: str, external_userid: str, tag_ids: list[str], at: datetime) -> None:
    """Mirror tags that WeCom took."""
    relations.tags_written(userid, external_userid, tag_ids, [], at)


def remark_settled(userid: str, external_userid: str, remark: str, at: datetime) -> None:
    """Mirror a remark that WeCom took."""
    relations.remark_written(userid, external_userid, at, remark=remark)


def _living_tags(tag_ids: list[str]) -> list[str]:
    """Leave out tags that were deleted in WeCom: one of them would have the others refused too."""
    gone = deleted_among(tag_ids) if tag_ids else set()
    return [tag_id for tag_id in tag_ids if tag_id not in gone]
