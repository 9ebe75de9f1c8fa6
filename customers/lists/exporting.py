"""Files of the customer list: asked for, written by a job, handed out once more for a day, named when they come back."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.fields.models import FieldDefinition
from customers.fields.selectors import fields_in_force_for
from customers.lists import marks
from customers.lists.filters import OWN
from customers.lists.models import CustomerExport
from customers.lists.numbers import memberships_of
from customers.lists.own_fields import own_cells
from customers.lists.selecting import Selection, count_of, selected
from customers.relations.models import ExternalContact
from customers.relations.showing import ShownContact, shown
from scrm.core.alerts.services import raise_alert
from scrm.core.approvals.exports import is_as_shown, may_take, needs_second_person
from scrm.core.audit import services as audit
from scrm.core.excel import write_workbook
from scrm.core.exceptions import (
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ValidationFailed,
)
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.services import Run
from scrm.core.scope import Scope, scope_of

WHAT = "customers"
BATCH = 500
SHOWN = 50
KEPT = timedelta(hours=24)


def export_start(
    selection: Selection, *, actor: Any, purpose: str, rows: int, unmasked: bool
) -> JobRun | None:
    """Start writing a file; None when somebody else has to agree first. An agreement is spent by it.

    Rows one took today without anybody's agreement count with these: many small files are a large one. Raises
    ValidationFailed without a purpose or rows, RateLimited beyond the files of a day (with an alert).
    """
    if not purpose.strip():
        raise ValidationFailed(_("Say what the file is for."), code="purpose_missing")
    if not rows:
        raise ValidationFailed(
            _("Nobody is chosen; the file would be empty."), code="nobody_chosen"
        )
    # Before the transaction, or the alert would go with it.
    _quota_check(actor)
    return _start(selection, actor=actor, purpose=purpose, rows=rows, unmasked=unmasked)


@transaction.atomic
def _start(
    selection: Selection, *, actor: Any, purpose: str, rows: int, unmasked: bool
) -> JobRun | None:
    # One file of a person at a time, so that two at once are not both small.
    get_user_model().objects.select_for_update().get(pk=actor.pk)
    judged = rows_judged(actor, rows)
    needs = needs_second_person(judged, unmasked=unmasked)
    if not may_take(WHAT, filters_of(selection), rows=judged, actor=actor, unmasked=unmasked):
        return None
    export = CustomerExport.objects.create(
        mark=marks.new_mark(),
        criteria={**selection.form, "approved": needs},
        purpose=purpose.strip()[:200],
        is_unmasked=unmasked,
        rows=rows,
        created_by=actor,
        taken_by=actor.get_username(),
    )
    job = jobs.start(
        kind="lists.export",
        key=str(export.pk),
        task="customers.customers_export",
        actor=actor,
        params={"export": str(export.pk)},
        total=rows,
        title=gettext_noop("Write a customer file"),
    )
    export.job_id = job.pk
    export.save(update_fields=["job_id"])
    audit.record(
        actor=actor,
        action="lists.export",
        target=f"customer_export:{export.pk}",
        after={"rows": rows, "unmasked": unmasked, "approved": needs},
        reason=export.purpose,
    )
    return job


def filters_of(selection: Selection) -> dict[str, str]:
    """Return what names this file to the person who agrees; what was searched for stays sealed."""
    given = QueryDict(selection.query)
    told = {name: given[name] for name in sorted(given) if given[name]}
    if selection.ids:
        told["ticked"] = ", ".join(str(each)[-12:] for each in selection.ids)
    return told


def rows_judged(actor: Any, rows: int) -> int:
    """Return as how many rows a file counts: with those taken alone today once they are a large file together."""
    together = rows + _taken_alone_today(actor)
    return together if together > settings.EXPORT_ROWS_ALONE else rows


def _today() -> Any:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def _taken_alone_today(actor: Any) -> int:
    taken = CustomerExport.objects.filter(created_by=actor, created_at__gte=_today())
    alone = [each for each in taken.defer("content") if not each.criteria.get("approved")]
    return sum(each.rows for each in alone)


def _quota_check(actor: Any) -> None:
    most = settings.CUSTOMER_FILES_PER_DAY
    if CustomerExport.objects.filter(created_by=actor, created_at__gte=_today()).count() < most:
        return
    name = actor.get_username()
    raise_alert(
        kind="lists.exports",
        key=str(actor.pk),
        level="warning",
        title=lambda: _("Somebody takes very many customer files"),
        text=lambda: (
            _("%(person)s asked for more than %(most)d customer files today and is held.")
            % {"person": name, "most": most}
        ),
    )
    raise RateLimited(
        _("You took %(most)d customer files today, the most for one day. Go on tomorrow.")
        % {"most": most},
        code="too_many_files",
    )


# --- the job ---------------------------------------------------------------------------------------------------


def export_write(run: Run) -> None:
    """Write the file as its person sees the customers now: what they lost since is not in it."""
    export = CustomerExport.objects.select_related("created_by").get(pk=run.params["export"])
    if export.created_by is None or not export.created_by.is_active:
        raise NotFound(_("The person who asked for this file is gone; it is not written."))
    _right_check(scope_of(export.created_by), export)
    _size_check(export)
    # A second attempt begins again: half a workbook cannot be continued.
    run.advance(processed=-run.job.processed, succeeded=-run.job.succeeded)
    hashes: list[bytes] = []
    own = fields_in_force_for(scope_of(export.created_by))
    content = write_workbook(
        _columns(export, own),
        _rows(run, export, own, hashes),
        sheet=_("Customers"),
        notes=_notes(export),
        stamp=_stamp(export),
    )
    with transaction.atomic():
        export.content, export.rows, export.ready_at = content, len(hashes), timezone.now()
        export.sketch = marks.sketch_of(hashes)
        export.save(update_fields=["content", "rows", "ready_at", "sketch"])
        run.result(rows=len(hashes))


def _right_check(scope: Scope, export: CustomerExport) -> None:
    """Raise PermissionDenied when the right to such a file was taken away since it was asked for."""
    if not scope.allows("relations.export"):
        raise PermissionDenied(_("Your role does not allow files of customers any more."))
    if export.is_unmasked and not scope.allows("relations.reveal"):
        raise PermissionDenied(
            _("Your role does not show phone numbers any more. Ask for a masked file.")
        )


def _size_check(export: CustomerExport) -> None:
    """Raise Conflict when many more customers match now than were told, and agreed to where somebody had to."""
    rows = count_of(_contacts(export))
    if export.criteria.get("approved"):
        fits = is_as_shown(export.rows, rows)
    else:
        grown = max(rows - export.rows, 0) + _taken_alone_today(export.created_by)
        fits = rows <= export.rows or not needs_second_person(grown)
    if not fits:
        raise Conflict(
            _("%(now)d customers match now, %(then)d when you asked. Ask for the file again.")
            % {"now": rows, "then": export.rows}
        )


def _contacts(export: CustomerExport) -> QuerySet[ExternalContact]:
    """Return the customers of a file as its person sees them now."""
    criteria = export.criteria
    ids = tuple(UUID(each) for each in criteria["ids"].split(",") if each)
    selection = Selection(criteria["query"], ids)
    return selected(scope_of(export.created_by), export.created_by, selection)


def _columns(export: CustomerExport, own: Sequence[FieldDefinition]) -> list[tuple[str, str]]:
    return [
        ("name", _("Customer")),
        ("remark", _("Remark")),
        ("phone", _("Phone")),
        ("members", _("Membership")),
        ("guides", _("Guides")),
        ("stores", _("Store")),
        ("tags", _("Tags")),
        ("source", _("Source")),
        ("added", _("Added")),
        ("status", _("Status")),
        ("external_userid", _("external userid")),
        *((OWN + field.key, field.name) for field in own),
        ("code", _("Row code · %(who)s") % {"who": _stamp(export)}),
    ]


def _stamp(export: CustomerExport) -> str:
    moment = timezone.localtime(export.created_at).strftime("%Y-%m-%d %H:%M")
    return f"{export.taken_by} · {moment} · {export.pk.hex[-8:]}"


def _notes(export: CustomerExport) -> list[tuple[str, str]]:
    return [
        (_("Taken by"), _stamp(export)),
        (_("What for"), export.purpose),
        (
            _("Confidential"),
            _(
                "This file holds personal data. It is marked: whoever took it can be named if it leaks."
            ),
        ),
    ]


def _rows(
    run: Run, export: CustomerExport, own: Sequence[FieldDefinition], hashes: list[bytes]
) -> Iterator[dict[str, object]]:
    scope = scope_of(export.created_by)
    contacts = _contacts(export).order_by("-pk")
    after: UUID | None = None
    while True:
        run.check_cancelled()
        batch = list((contacts.filter(pk__lt=after) if after else contacts)[:BATCH])
        if not batch:
            return
        ids = [contact.pk for contact in batch]
        members = memberships_of(scope, ids)
        cells = own_cells(scope, own, ids, unmasked=export.is_unmasked)
        for view in shown(scope, batch):
            row = _row(export, view, members.get(view.contact.pk, ()))
            mine = cells.get(view.contact.pk, {})
            row.update((OWN + key, cell) for key, cell in mine.items())
            hashes.append(marks.row_hash(str(row["name"]), str(row["added"])))
            yield row
        after = batch[-1].pk
        run.advance(processed=len(batch), succeeded=len(batch))


def _row(export: CustomerExport, view: ShownContact, members: Any) -> dict[str, object]:
    newest = view.newest
    added = timezone.localtime(newest.relation.created_time) if newest else None
    stores = [row.store.name for row in view.relations if row.store]
    return {
        "name": marks.marked_name(export.mark, view.name),
        "remark": "; ".join(dict.fromkeys(row.remark for row in view.relations if row.remark)),
        "phone": "; ".join(_phones(export, view)),
        "members": "; ".join(f"{member.member_no} {member.level}".strip() for member in members),
        "guides": "; ".join(row.relation.member.name or row.relation.member.userid for row in view.relations),
        "stores": "; ".join(dict.fromkeys(stores)),
        "tags": "; ".join(tag.name for tag in view.tags),
        "source": (newest.source or newest.way) if newest else "",
        "added": added.strftime("%Y-%m-%d %H:%M") if added else "",
        "status": _("following") if view.is_active else _("lost"),
        "external_userid": view.contact.external_userid,
        "code": marks.row_code(export.mark, str(view.contact.pk)),
    }  # fmt: skip


def _phones(export: CustomerExport, view: ShownContact) -> list[str]:
    if not export.is_unmasked:
        masked = [view.phone, *(phone for row in view.relations for phone in row.phones)]
        return list(dict.fromkeys(phone for phone in masked if phone))
    typed = [phone for row in view.relations for phone in row.relation.remark_phones]
    return list(dict.fromkeys(phone for phone in (view.contact.phone, *typed) if phone))


# --- handing out -------------------------------------------------------------------------------------------------


def exports_visible_to(scope: Scope) -> QuerySet[CustomerExport]:
    """Return the files one asked for; of others' nobody sees the bytes."""
    return CustomerExport.objects.filter(created_by_id=scope.user_id)


def exports_shown(scope: Scope) -> list[dict[str, Any]]:
    """Return one's newest files with their jobs, in two queries; the bytes stay where they are."""
    rows = exports_visible_to(scope).annotate(is_there=Q(content__isnull=False))
    files = list(rows.defer("content", "criteria").order_by("-created_at")[:SHOWN])
    found = JobRun.objects.filter(pk__in=[each.job_id for each in files if each.job_id])
    by_id = {job.pk: job for job in found.defer("error_file")}
    return [
        {"export": each, "job": by_id.get(each.job_id) if each.job_id else None} for each in files
    ]


def rows_alone() -> int:
    """Return how many rows one person takes alone."""
    return int(settings.EXPORT_ROWS_ALONE)


@transaction.atomic
def export_take(export: CustomerExport, *, actor: Any) -> bytes:
    """Return the file, and write down that it was taken.

    Raises NotFound once its day is over, PermissionDenied when its phones may not be seen any more.
    """
    _right_check(scope_of(actor), export)
    if export.content is None:
        raise NotFound(_("This file is deleted: it is kept for 24 hours. Export it again."))
    export.downloaded_at = export.downloaded_at or timezone.now()
    export.save(update_fields=["downloaded_at"])
    audit.record(
        actor=actor,
        action="lists.export_take",
        target=f"customer_export:{export.pk}",
        after={"rows": export.rows, "unmasked": export.is_unmasked},
    )
    return bytes(export.content)


def exports_purge() -> int:
    """Delete the bytes of files older than a day; what names them stays. Return how many."""
    old = CustomerExport.objects.filter(ready_at__lt=timezone.now() - KEPT, content__isnull=False)
    return old.update(content=None)
