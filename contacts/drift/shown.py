"""Puts words on the differences of a page; a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.drift.models import DriftFinding
from contacts.drift.selectors import department_names
from contacts.drift.words import ACTS, problem_words, side_words


def show_findings(findings: Sequence[DriftFinding], *, may_decide: bool) -> None:
    """Put on the rows of a page both sides in words, why bringing back failed, and whether they may be ticked."""
    names = department_names(findings)
    for row in findings:
        live = row.status in DriftFinding.LIVE
        row.ours_words = side_words(row.ours, names)  # type: ignore[attr-defined]
        row.theirs_words = side_words(row.theirs, names)  # type: ignore[attr-defined]
        row.problem_words = problem_words(row.problem, row.errcode)  # type: ignore[attr-defined]
        row.act_words = str(ACTS[row.kind])  # type: ignore[attr-defined]
        row.may_tick = may_decide and live  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Unreadable:
    """A field WeCom does not show: what we last wrote, without its value, and when; `written_at` None: never."""

    label: str
    is_set: bool
    written_at: datetime | None


def unreadable_fields(member: Member) -> list[Unreadable]:
    """Return the fields of an account that only our own writes tell of."""
    written = getattr(member, "written", None)
    at = written.written_at if written is not None else None
    return [
        Unreadable(_("Phone"), bool(written and written.phone_index), at),
        Unreadable(_("Sex"), bool(written and written.gender), at),
        Unreadable(_("Leader"), bool(written and written.leader_userid), at),
    ]
