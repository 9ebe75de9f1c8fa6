"""What of one person's data waits for a second person: giving all of it out, and forgetting them."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.privacy.packing import packed_counts
from customers.privacy.services import erase_start, package_start
from customers.privacy.tracing import counts_of, subject_of
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval
from scrm.core.approvals.services import ask
from scrm.core.exceptions import Conflict, NotFound

PACK, FORGET = "privacy.package", "privacy.erase"


def package_ask(record_id: UUID, *, actor: Any, reason: str) -> Approval:
    """Ask a second person for everything we hold about a person; raises as `ask`, NotFound for nobody."""
    return _ask(PACK, record_id, actor, reason)


def erasure_ask(record_id: UUID, *, actor: Any, reason: str) -> Approval:
    """Ask a second person to forget a person; raises as `ask`, NotFound for nobody."""
    return _ask(FORGET, record_id, actor, reason)


def _ask(kind: str, record_id: UUID, actor: Any, reason: str) -> Approval:
    subject = subject_of([record_id])
    if not subject.records:
        raise NotFound(_("This person is not here any more."))
    counts = packed_counts(subject) if kind == PACK else counts_of(subject)
    payload = {
        "record": str(record_id),
        "customers": len(subject.contacts),
        "members": len(subject.members),
        "rows": sum(counts.values()),
        "tables": len(counts),
    }
    return ask(
        kind=kind, key=str(min(subject.records)), payload=payload, actor=actor, reason=reason
    )


def _facts(payload: Payload) -> list[Fact]:
    return [
        Fact(_("WeCom customers"), str(payload["customers"])),
        Fact(_("CRM members"), str(payload["members"])),
        Fact(
            _("What we hold"),
            _("%(rows)d rows in %(tables)d tables")
            % {"rows": payload["rows"], "tables": payload["tables"]},
        ),
    ]


def _page(payload: Payload) -> str:
    return reverse("privacy:person", args=[payload["record"]])


def _stamp(payload: Payload) -> str:
    """A person is another one when records were joined or parted meanwhile."""
    return ",".join(map(str, subject_of([UUID(payload["record"])]).records)) or "-"


def _pack(approval: Approval, actor: Any) -> None:
    record_id = UUID(approval.payload["record"])
    package_start(record_id, asked_by=approval.asked_by, approved_by=actor)


def _forget(approval: Approval, actor: Any) -> None:
    record_id = UUID(approval.payload["record"])
    if not subject_of([record_id]).records:
        raise Conflict(_("This person is not here any more."))
    erase_start(record_id, actor=actor, asked_by=approval.asked_by)


PACKAGE = Kind(
    code=PACK,
    title=gettext_lazy("Give out everything about a person"),
    permission="privacy.approve",
    facts=_facts,
    granted=_pack,
    stamp=_stamp,
    page=_page,
)
ERASURE = Kind(
    code=FORGET,
    title=gettext_lazy("Forget a person"),
    permission="privacy.approve",
    facts=_facts,
    granted=_forget,
    stamp=_stamp,
    page=_page,
)
