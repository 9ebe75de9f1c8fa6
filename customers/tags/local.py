"""Local tags on records, put and taken off by hand; the caller has found the records in its scope."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from customers.tags.models import LocalTag, LocalTagMark, PersonalTags
from scrm.core.audit import services as audit

By = LocalTagMark.By


@transaction.atomic
def local_mark(tag: LocalTag, record_ids: Iterable[UUID], *, actor: Any) -> int:
    """Put a local tag on records by hand; return on how many it was not before."""
    ids = list(dict.fromkeys(record_ids))
    known = dict(
        LocalTagMark.objects.filter(tag=tag, record_id__in=ids).values_list(
            "record_id", "removed_at"
        )
    )
    LocalTagMark.objects.bulk_create(
        (LocalTagMark(tag=tag, record_id=pk) for pk in ids if pk not in known),
        ignore_conflicts=True,
    )
    back = LocalTagMark.objects.filter(tag=tag, record_id__in=ids).exclude(removed_at=None)
    # What a rule put and a person wants is the person's from now on.
    LocalTagMark.objects.filter(tag=tag, record_id__in=ids, removed_at=None, by=By.RULE).update(
        by=By.HUMAN, rule_id=None
    )
    again = back.update(
        removed_at=None, removed_by="", by=By.HUMAN, rule_id=None, marked_at=timezone.now()
    )
    changed = again + sum(pk not in known for pk in ids)
    _note("tags.local_mark", tag, changed, actor)
    return changed


@transaction.atomic
def local_unmark(tag: LocalTag, record_ids: Iterable[UUID], *, actor: Any) -> int:
    """Take a local tag off records by hand: no rule puts it back unless it says so. Return off how many."""
    marks = LocalTagMark.objects.filter(tag=tag, record_id__in=list(record_ids), removed_at=None)
    changed = marks.update(removed_at=timezone.now(), removed_by=By.HUMAN)
    _note("tags.local_unmark", tag, changed, actor)
    return changed


def _note(action: str, tag: LocalTag, count: int, actor: Any) -> None:
    if count:
        audit.record(
            actor=actor,
            action=action,
            target=f"local_tag:{tag.pk}",
            after={"name": tag.name, "count": count},
        )


def personal_observed(
    external_userid: str, names: dict[str, list[str]], observed_at: datetime
) -> None:
    """Keep the tags guides made for themselves, as a read of one customer showed them; an older read changes nothing."""
    userids = {userid.lower(): userid for userid in names}
    held = {
        row.userid.lower(): row
        for row in PersonalTags.objects.filter(external_userid=external_userid)
    }
    for key, userid in userids.items():
        row = held.get(key)
        wanted = sorted(name[:64] for name in names[userid])
        if row is None and wanted:
            PersonalTags.objects.create(
                external_userid=external_userid,
                userid=userid,
                names=wanted,
                observed_at=observed_at,
            )
        elif row is not None and row.observed_at <= observed_at and row.names != wanted:
            row.names, row.observed_at = wanted, observed_at
            row.save(update_fields=["names", "observed_at"])
