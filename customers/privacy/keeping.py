"""How long each personal field is kept: the words of the data map, as something a machine does.

A limit in days names the column it counts from and what happens: rows deleted, or fields emptied. Words that
are no limit say on what the row depends. A word nobody explains is refused (`unexplained`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.groups.models import WHILE_IN_GROUP
from scrm.core.data_map import DataMapRow, rows

MONTH, YEAR = 31, 365
# The nightly job.
CLEAN_KIND = "privacy.clean"


@dataclass(frozen=True)
class Kept:
    """Rows of one table that go, or whose fields are emptied, so many days after `since`.

    by: the task that does it more often than the nightly one, which then only looks whether it was done.
    """

    label: str
    words: str
    days: int
    since: str
    clear: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""

    @property
    def model(self) -> Any:
        """Return the table."""
        return apps.get_model(self.label)

    @property
    def filled(self) -> Q:
        """Return which rows still hold something: those not emptied yet."""
        if not self.clear:
            return Q(**self.where)
        first = self.model._meta.get_field(self.clear[0])
        if first.null:
            return Q(**{f"{first.name}__isnull": False}, **self.where)
        return ~Q(**{first.name: ""}) & Q(**self.where)


# What the words mean that are no limit of their own.
LASTING: dict[str, Promise] = {
    "as its field says": _("As the custom field says; goes with the customer."),
    "as long as records hold it": _("As long as a record holds it."),
    "as long as the record": _("As long as the record it belongs to."),
    "for ever, as a keyed hash": _("For ever, as a keyed hash that keeps them forgotten."),
    "minutes": _("Until the next minute's work took it."),
    "the newest 40 of an app": _("The newest 40 of each app; older ones go with each new one."),
    "two hours, then replaced": _("Replaced every two hours."),
    "until deleted": _("Until somebody deletes it."),
    "until it ends": _("Until the session ends."),
    "until replaced or removed": _("Until somebody replaces or removes it."),
    "until the app is replaced": _("Until the person sets another app up."),
    "until the job ends": _("Until its job ends."),
    "until the session ends": _("Until the session ends."),
    "while a customer + 2 years": _("While a guide follows the customer, and two years after; then the person is forgotten."),
    "while a member + 2 years": _("While the membership is valid, and two years after; then the person is forgotten."),
    "while the code exists": _("As long as the live code exists."),
}  # fmt: skip
# An account's id signs facts that are kept; two years after the account left its name is emptied (contacts.Member).
SIGNED = _("With the fact it signs; two years after its owner left the name behind it is emptied.")
SIGNATURES = frozenset({"userid", "actor_userid", "taken_by", "takes_over"})
BY_LAW = _("At least three years, by law; the database itself refuses to delete or change it.")
LEFT: Mapping[str, Any] = {"state": "left"}

_EMPLOYED, _SHORT = "employment + 2 years", "employment + 30 days"
_MONTHS_25 = 25 * MONTH

LIMITS: tuple[Kept, ...] = (
    Kept("accounts.SsoIdentity", _EMPLOYED, 2 * YEAR, "ended_at"),
    Kept("accounts.User", _EMPLOYED, 2 * YEAR, "last_login", ("name", "email"), {"is_active": False}),
    Kept("attribution.EntryVisit", "25 months", _MONTHS_25, "occurred_at", by="attribution.entry_visits_purge"),
    Kept("attribution.Touch", "25 months", _MONTHS_25, "occurred_at", by="attribution.touch_partitions_keep"),
    Kept("attribution.WelcomeDelivery", "1 year", YEAR, "occurred_at"),
    Kept("contacts.BindingImport", "1 year", YEAR, "created_at", ("latitude",), by="contacts.sent_in_purge"),
    Kept("contacts.BindingImportRow", "1 year", YEAR, "batch__created_at", by="contacts.sent_in_purge"),
    Kept("contacts.DriftFinding", "2 years", 2 * YEAR, "closed_at"),
    Kept("contacts.Employee", _SHORT, 30, "effective_on", ("phone_index", "phone"), LEFT),
    Kept("contacts.Employee", _EMPLOYED, 2 * YEAR, "effective_on", ("name", "leader_job_number"), LEFT),
    Kept("contacts.FeedItem", "90 days after done", 90, "done_at", by="contacts.feed_purge"),
    Kept("contacts.Member", _EMPLOYED, 2 * YEAR, "left_at", ("name", "name_grams")),
    Kept("contacts.MemberProfile", _EMPLOYED, 2 * YEAR, "member__left_at"),
    Kept("contacts.MemberWritten", _SHORT, 30, "member__left_at", ("phone_index", "phone")),
    Kept("contacts.OaAdoption", _EMPLOYED, 2 * YEAR, "member__left_at"),
    Kept("contacts.OaFile", "90 days", 90, "run__created_at", by="contacts.oa_files_purge"),
    Kept("contacts.OaPlanItem", "2 years", 2 * YEAR, "run__created_at"),
    Kept("contacts.OaRowError", "90 days", 90, "run__created_at", by="contacts.oa_files_purge"),
    Kept("contacts.RosterFile", "90 days", 90, "created_at", by="contacts.roster_sweep"),
    Kept("contacts.RosterPerson", "time on the roster + 30 days", 30, "ended_at", ("phone_index",), {"state": "ended"}, by="contacts.roster_sweep"),
    Kept("contacts.SentRows", "1 year", YEAR, "created_at", by="contacts.sent_in_purge"),
    Kept("contacts.StoreChangeStep", "1 year", YEAR, "change__created_at", ("subject",), {"act__startswith": "org.account_"}, by="contacts.sent_in_purge"),
    Kept("core.Alert", "180 days", 180, "last_at", by="core.purge"),
    Kept("core.Approval", "3 years", 3 * YEAR, "asked_at"),
    Kept("core.JobRun", "7 days", 7, "finished_at", ("error_file",), by="core.purge"),
    Kept("core.OutboxMessage", "30 days after the end", 30, "created_at", ("payload",), {"status__in": ("sent", "failed", "expired")}, by="inbox.purge"),
    Kept("core.StoredAnswer", "24 hours", 1, "created_at", by="core.purge"),
    Kept("customers.AudienceFile", "1 year", YEAR, "created_at"),
    Kept("customers.AudienceFile", "until the job ends, at most 1 day", 1, "created_at", ("content",)),
    Kept("customers.CustomerExport", "1 day", 1, "ready_at", ("content",), by="customers.exports_purge"),
    Kept("customers.CustomerExport", "3 years", 3 * YEAR, "created_at"),
    Kept("customers.FactFile", "1 year", YEAR, "created_at"),
    Kept("customers.FactFile", "until the job ends, at most 1 day", 1, "created_at", ("content",), by="customers.intake_files_purge"),
    Kept("customers.GroupMember", WHILE_IN_GROUP, 2 * YEAR, "left_at"),
    Kept("customers.SubjectPackage", "7 days", 7, "created_at", ("content",)),
    Kept("customers.SyncChain", "90 days", 90, "began_at", by="customers.sync_purge"),
    Kept("customers.SyncFault", "90 days", 90, "run__started_at", by="customers.sync_purge"),
    Kept("inbox.InboxEvent", "30 days, then only its hash", 30, "received_at", ("payload",), {"state__in": ("done", "ignored", "quarantined")}, by="inbox.purge"),
    Kept("materials.Send", "25 months", _MONTHS_25, "created_at", ("external_userid", "first_visitor")),
    Kept("materials.View", "25 months", _MONTHS_25, "opened_at", by="materials.partitions_keep"),
    Kept("materials.ViewNotice", "25 months", _MONTHS_25, "told_at"),
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One line of the page: fields of one table with one retention, and what it means."""

    label: str
    words: str
    fields: tuple[str, ...]
    category: str
    meaning: str
    limit: Kept | None


def explained(row: DataMapRow) -> tuple[str, Kept | None] | None:
    """Return what a field's retention means and the limit behind it; None where nobody explains it."""
    for limit in LIMITS:
        if (limit.label, limit.words) == (row.model, row.use.retention):
            return str(_("%(days)d days") % {"days": limit.days}), limit
    if row.use.category == "staff" and row.field in SIGNATURES:
        return str(SIGNED), None
    if row.model == "core.AuditEntry":
        return str(BY_LAW), None
    lasting = LASTING.get(row.use.retention)
    return None if lasting is None else (str(lasting), None)


def unexplained() -> list[str]:
    """Return the fields of the data map whose retention nothing enforces or explains: none may be left."""
    return [
        f"{row.model}.{row.field}: {row.use.retention}" for row in rows() if explained(row) is None
    ]


def rules() -> list[Rule]:
    """Return the whole map by table and retention."""
    grouped: dict[tuple[str, str, str], list[DataMapRow]] = {}
    for row in rows():
        meaning = (explained(row) or ("?", None))[0]
        grouped.setdefault((row.model, row.use.retention, meaning), []).append(row)
    return list(_rules(grouped))


def _rules(grouped: Mapping[tuple[str, str, str], list[DataMapRow]]) -> Iterator[Rule]:
    for (label, words, meaning), members in grouped.items():
        limit = (explained(members[0]) or ("", None))[1]
        fields = tuple(row.field for row in members)
        yield Rule(label, words, fields, members[0].use.category, meaning, limit)
