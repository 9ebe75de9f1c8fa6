"""What a branch, dealer or headquarters does next about bindings: each line a count, words and where to do it."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.org.models import BindingImport, BindingImportRow, OrgUnit
from contacts.org.selectors import (
    binding_imports_visible_to,
    ready_now,
    serving_now,
    stores_visible_to,
)
from scrm.core.scope import Scope

# A file nobody repaired within this time is no longer asked for.
ASKED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class NextStep:
    """One line: how many, of what, and the page where it is done."""

    count: int
    words: str
    url: str


def next_steps(scope: Scope) -> list[NextStep]:
    """Return what is open for this person, the most pressing first; constant in queries."""
    steps = [*_about_files(scope), *_about_stores(scope)]
    return [step for step in steps if step.count]


def _about_files(scope: Scope) -> list[NextStep]:
    if scope.everything and scope.allows("org.edit"):
        waiting = BindingImport.objects.filter(status=BindingImport.Status.WAITING).count()
        words = ngettext(
            "file or form of a branch waits for your check",
            "files and forms of branches wait for your check",
            waiting,
        )
        return [NextStep(waiting, words, _list("org:imports", status=BindingImport.Status.WAITING))]
    if not scope.allows("org.bind"):
        return []
    return _to_repair(scope)


def _to_repair(scope: Scope) -> list[NextStep]:
    """Ask for the newest file with refused rows, unless a later one took its place."""
    refused = BindingImportRow.objects.filter(
        batch=OuterRef("pk"), action=BindingImportRow.Action.ERROR
    )
    files = binding_imports_visible_to(scope).filter(
        channel=BindingImport.Channel.FILE, created_at__gte=timezone.now() - ASKED_FOR
    )
    last = files.annotate(has_refused=Exists(refused)).order_by("-pk").first()
    if last is None or not (last.has_refused or last.status == BindingImport.Status.REFUSED):
        return []
    page = reverse("org:import_detail", args=[last.pk])
    if last.status == BindingImport.Status.REFUSED and last.decided_at:
        return [NextStep(1, _("file was sent back by headquarters: repair it and send it in again"), page)]  # fmt: skip
    count = last.rows.filter(action=BindingImportRow.Action.ERROR).count()
    words = ngettext(
        "row of your last file was refused: download it, repair it, send it in again",
        "rows of your last file were refused: download them, repair them, send them in again",
        count,
    )
    return [NextStep(count, words, page)]


def _about_stores(scope: Scope) -> list[NextStep]:
    counts = _open_stores(scope).aggregate(
        unbound=Count("pk", filter=~Q(is_bound=True)),
        waiting=Count("pk", filter=Q(is_bound=True) & ~Q(is_ready=True)),
        placeless=Count("pk", filter=Q(latitude=None)),
    )
    return [
        NextStep(
            counts["unbound"],
            ngettext(
                "open store has no serving account", "open stores have no serving account", counts["unbound"]
            ),
            _list("org:list", bound="unbound", status=OrgUnit.Status.OPEN),
        ),
        NextStep(
            counts["waiting"],
            ngettext(
                "store has only accounts that cannot take customers yet",
                "stores have only accounts that cannot take customers yet",
                counts["waiting"],
            ),
            _list("org:list", bound="waiting", status=OrgUnit.Status.OPEN),
        ),
        NextStep(
            counts["placeless"],
            ngettext(
                "store has no coordinates: customers near by do not find it",
                "stores have no coordinates: customers near by do not find them",
                counts["placeless"],
            ),
            _list("org:list", place="missing", status=OrgUnit.Status.OPEN),
        ),
    ]  # fmt: skip


def _open_stores(scope: Scope) -> QuerySet[OrgUnit]:
    stores = stores_visible_to(scope).filter(status=OrgUnit.Status.OPEN)
    return stores.annotate(is_bound=serving_now(), is_ready=ready_now())


def _list(name: str, **filters: str) -> str:
    return f"{reverse(name)}?{urlencode(filters)}"
