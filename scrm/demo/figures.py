"""What stands in our database, in the simulator's terms, so that both sides can be compared exactly."""

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from attribution.adds.models import AddEpisode
from attribution.entries.figures import board
from attribution.entries.models import Entry, EntryStore
from attribution.live_codes.models import LiveCode
from attribution.welcome.models import WelcomeDelivery
from contacts.directory.models import Department, Member
from contacts.drift.models import DriftFinding
from contacts.oa_sync.models import OaRowError, OaRun
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.services import site_of
from contacts.parameters.selectors import resolve
from contacts.roster.models import RosterPerson
from customers.crm.models import CrmMember
from customers.inheritance.models import HandoverPlan
from customers.inheritance.selectors import kept_of
from customers.oneid.models import Conflict, Person, PersonLink
from customers.relations.models import ExternalContact, FollowRelation, RecordChange
from materials.library.models import Material
from risk.anomalies.models import Incident
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.outbox.models import OutboxMessage
from scrm.core.scope import SYSTEM_SCOPE
from scrm.inbox.models import InboxEvent

Pair = tuple[str, str]
ENDED = frozenset(state for state in JobRun.State.values if state not in ACTIVE_STATES)


def oa_run() -> dict[str, Any]:
    """Return the newest OA run: status, counts, and each refused row as (file, line, field, code)."""
    run = OaRun.objects.order_by("-created_at").first()
    if run is None:
        return {"id": "", "status": "none", "items": 0, "errors": set()}
    errors = OaRowError.objects.filter(run=run, severity=OaRowError.Severity.ERROR)
    return {
        "id": str(run.pk),
        "status": run.status,
        "message": run.message,
        "departments": run.department_count,
        "employees": run.employee_count,
        "items": run.items.count(),
        "failed_items": run.items.filter(status="failed").count(),
        "errors": set(errors.values_list("role", "row_number", "field", "code")),
    }


def department_ids(codes: list[str]) -> list[int]:
    """Return WeCom's ids of departments, in the order of their OA codes."""
    found = dict(
        Department.objects.filter(oa_code__in=codes).values_list("oa_code", "department_id")
    )
    return [found[code] for code in codes]


def drift() -> set[Pair]:
    """Return the differences to WeCom that nobody decided on: the kind, and the userid or the department's name."""
    rows = DriftFinding.objects.filter(status=DriftFinding.Status.OPEN)
    return {
        (kind, userid or name or "")
        for kind, userid, name in rows.values_list("kind", "member__userid", "department__name")
    }


def accounts() -> dict[str, tuple[str, str]]:
    """Return (name, OA code of the main department) by userid, for accounts that were not deleted."""
    codes = dict(Department.objects.exclude(oa_code=None).values_list("department_id", "oa_code"))
    members = Member.objects.exclude(status=Member.Status.LEFT)
    return {
        userid: (name, codes.get(main or 0) or "")
        for userid, name, main in members.values_list("userid", "name", "main_department_id")
    }


def bound_accounts() -> set[Pair]:
    """Return (store code, userid) of every account that serves a store."""
    bindings = StoreBinding.objects.filter(state=StoreBinding.State.ACTIVE)
    return set(bindings.values_list("store__code", "member__userid"))


def can_follow_count() -> int:
    """Return how many active accounts may meet customers."""
    return Member.objects.filter(status=Member.Status.ACTIVE, can_follow=True).count()


def member_ids(userids: list[str]) -> list[str]:
    """Return the form values of these accounts."""
    ids = dict(Member.objects.filter(userid__in=userids).values_list("userid", "pk"))
    return [str(ids[userid]) for userid in userids]


def live_code() -> dict[str, str]:
    """Return the newest live code."""
    code = LiveCode.objects.order_by("-pk").first()
    if code is None:
        return {"config_id": "", "link": "", "qr_code_url": "", "state": ""}
    return {
        "config_id": code.config_id or "",
        "link": code.link,
        "qr_code_url": code.qr_code_url,
        "state": code.state,
    }


def relations() -> dict[Pair, dict[str, Any]]:
    """Return status, remark, tags and state by (userid, external_userid)."""
    found = FollowRelation.objects.select_related("member", "contact")
    return {
        (relation.member.userid, relation.contact.external_userid): {
            "active": relation.status == FollowRelation.Status.ACTIVE,
            "remark": relation.remark,
            "tags": sorted(relation.tag_ids),
            "state": relation.state,
        }
        for relation in found.iterator(chunk_size=500)
    }


def contacts() -> dict[str, tuple[str, str]]:
    """Return (nickname, unionid) by external_userid."""
    rows = ExternalContact.objects.values_list("external_userid", "name", "unionid")
    return {external_userid: (name, unionid) for external_userid, name, unionid in rows}


def episodes() -> dict[Pair, int]:
    """Return how many times each pair came together."""
    rows = AddEpisode.objects.values_list("userid", "external_userid").annotate(count=Count("pk"))
    return {(userid, external_userid): count for userid, external_userid, count in rows}


def welcomes() -> dict[Pair, list[str]]:
    """Return the outcome of each welcome by (userid, external_userid)."""
    found: dict[Pair, list[str]] = defaultdict(list)
    for delivery in WelcomeDelivery.objects.select_related("message"):
        found[delivery.userid, delivery.external_userid].append(delivery.outcome)
    return dict(found)


def queues() -> dict[str, int]:
    """Return what still waits, and what waits for a human."""
    inbox, outbox = InboxEvent.objects.all(), OutboxMessage.objects.all()
    return {
        "inbox_pending": inbox.filter(state=InboxEvent.State.PENDING).count(),
        "inbox_quarantined": inbox.filter(state=InboxEvent.State.QUARANTINED).count(),
        "outbox_open": outbox.filter(status__in=["pending", "sending"]).count(),
        "outbox_failed": outbox.filter(status__in=["failed", "uncertain", "expired"]).count(),
        "identities_pending": RecordChange.objects.count(),
    }


def inbox_events() -> int:
    """Return how many different callbacks were stored."""
    return InboxEvent.objects.count()


def persons() -> dict[str, Any]:
    """Return the members in the database, the persons with more than one record, and the open conflicts.

    A record is "m:<member_no>" or "c:<external_userid>".
    """
    labels = {pk: f"m:{number}" for pk, number in CrmMember.objects.values_list("pk", "member_no")}
    labels |= {
        pk: f"c:{userid}"
        for pk, userid in ExternalContact.objects.values_list("pk", "external_userid")
    }
    groups: dict[Any, set[str]] = defaultdict(set)
    for person, record in PersonLink.objects.values_list("person_id", "record_id"):
        groups[person].add(labels[record])
    return {
        "members": CrmMember.objects.count(),
        "linked": sum(map(len, groups.values())),
        "persons": Person.objects.filter(state=Person.State.ACTIVE).count(),
        "groups": {frozenset(group) for group in groups.values() if len(group) > 1},
        "conflicts": Conflict.objects.filter(state=Conflict.State.OPEN).count(),
    }


def job(address: str) -> dict[str, Any]:
    """Return the state and counts of the job whose page has this address."""
    run = JobRun.objects.get(pk=address.rstrip("/").rsplit("/", 1)[-1])
    return {
        "state": run.state,
        "succeeded": run.succeeded,
        "failed": run.failed,
        "message": run.message,
    }


def newest_job(kind: str) -> str:
    """Return the number of the newest job of a kind."""
    return str(
        JobRun.objects.filter(kind=kind).order_by("-created_at").values_list("pk", flat=True)[0]
    )


def materials() -> dict[str, str]:
    """Return the state of each material by title."""
    return dict(Material.objects.values_list("title", "status"))


def open_incident(userid: str) -> int:
    """Return the number of the account's open incident, 0 when there is none."""
    found = Incident.objects.filter(member__userid=userid, state=Incident.State.OPEN).first()
    return found.pk if found else 0


def handover(userid: str) -> dict[str, Any]:
    """Return the newest hand-over of an account: its state, who goes to whom, and how each customer stands."""
    plan = HandoverPlan.objects.filter(leaver__userid=userid).order_by("-pk").first()
    if plan is None:
        return {"id": 0, "state": "none", "mode": "", "to": {}, "states": {}, "kept": 0}
    items = plan.items.select_related("contact", "successor")
    return {
        "id": plan.pk,
        "state": plan.state,
        "mode": plan.mode,
        "by_policy": plan.by_policy,
        "waits_days": (plan.delete_on - plan.confirmed_at).days
        if plan.delete_on and plan.confirmed_at
        else 0,
        "to": {i.contact.external_userid: i.successor.userid for i in items if i.successor},
        "states": dict(items.order_by().values_list("state").annotate(count=Count("pk"))),
        "kept": kept_of(plan).count(),
    }


def parameter_place(token: str) -> tuple[str, str]:
    """Return the userid and the store code a guide's parameter stands for, "" where it does not hold."""
    parameter = resolve(token)
    if parameter is None:
        return "", ""
    member = Member.objects.filter(pk=parameter.member_id or 0).first()
    store = OrgUnit.objects.filter(pk=parameter.store_id or 0).first()
    return member.userid if member else "", store.code if store else ""


def store_id(code: str) -> int:
    """Return the id of a store as forms send it."""
    return int(OrgUnit.objects.values_list("pk", flat=True).get(code=code))


def site_fields(code: str) -> dict[str, str]:
    """Return what the form of a store's details holds now."""
    known = asdict(site_of(OrgUnit.objects.get(code=code)))
    return {name: "" if value is None else str(value) for name, value in known.items()}


def placed_stores() -> int:
    """Return how many open stores have coordinates and hours."""
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE, status=OrgUnit.Status.OPEN)
    return stores.exclude(latitude=None).exclude(hours="").count()


def stores_below(code: str) -> int:
    """Return how many open stores stand below a unit."""
    stores = OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE, status=OrgUnit.Status.OPEN)
    return stores.filter(parent__code=code).count()


def shut_stores() -> list[str]:
    """Return the codes of the stores that are closed for a while today."""
    stores = (
        OrgUnit.objects.filter(kind=OrgUnit.Kind.STORE).exclude(shut_from=None).order_by("code")
    )
    return [store.code for store in stores if store.is_shut_today]


def entry_token(entry_code: str, store_code: str) -> str:
    """Return the parameter of an entry at a store: the `state` of its adds."""
    row = EntryStore.objects.get(entry__code=entry_code, store__code=store_code)
    return row.token


def entry(code: str) -> dict[str, Any]:
    """Return an entry's figures of yesterday and today, as the console's page reads them."""
    today = timezone.localdate()
    found = board(
        SYSTEM_SCOPE, today - timedelta(days=1), today, entry=Entry.objects.get(code=code)
    ).total
    steps = ("viewers", "entry_clickers", "leadin_viewers", "add_clickers", "added", "unmatched")
    rates = ("entry_click_rate", "add_click_rate", "add_rate")
    return {name: getattr(found, name) for name in (*steps, *rates)}


def is_empty() -> bool:
    """Say whether nothing was ever put into this database."""
    return not (OaRun.objects.exists() or OrgUnit.objects.exists() or CrmMember.objects.exists())


def roster_ids() -> dict[str, str]:
    """Return the people of the roster by name, with their ids."""
    return {name: str(pk) for name, pk in RosterPerson.objects.values_list("name", "pk")}


def roster_accounts() -> int:
    """Return how many people of the roster have an account."""
    return RosterPerson.objects.filter(state=RosterPerson.State.ACTIVE).count()
