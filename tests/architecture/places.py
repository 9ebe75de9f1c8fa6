"""The objects of the access matrix: three stores with everything a route may show of them, and what names each."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from contacts.directory.models import Member
from contacts.drift.models import DriftFinding
from contacts.feed.services import put
from contacts.feed.words import TITLES
from contacts.org.change_models import StoreChange
from contacts.org.models import OrgUnit, StoreBinding
from contacts.profiles.models import MemberProfile
from contacts.roles.models import RoleGrant
from contacts.roster.models import RosterExtension
from customers.inheritance.models import HandoverPlan
from customers.points.services import redeem
from customers.profile.models import FollowUpNote
from customers.segments.models import Invitation
from scrm.home.access import Route
from tests.cast import person
from tests.contacts.roster.people import on_roster
from tests.factories.attribution import LiveCodeFactory, WelcomeTemplateFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.groups import (
    CampaignFactory,
    GroupFactory,
    PlaceFactory,
    RewardFactory,
    StayFactory,
    rich,
)
from tests.factories.materials import MaterialFactory, SendFactory
from tests.factories.risk import CapacityFactory, IncidentFactory
from tests.factories.sales import order, token, touch

Arguments = dict[str, Any]
PARAMETER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
# Something that exists nowhere: whoever may open the page gets a 404, whoever may not gets a 403.
NOTHING = {
    "int": "999999999",
    "uuid": str(UUID(int=0)),
    "slug": "none",
    "str": "none",
    None: "none",
    "path": "none",
}


class Store:
    """One store with everything a route may show of it."""

    def __init__(self, unit: OrgUnit, member: Member, number: int) -> None:
        self.unit, self.member = unit, member
        self.contact = ContactFactory(
            external_userid=f"wm_matrix_{number}", unionid=f"u{number}", name=f"顾客甲乙{number}"
        )
        self.relation = RelationFactory(member=member, contact=self.contact)
        self.note = FollowUpNote.objects.create(
            contact=self.contact, author=member.user, userid=member.userid, text="call"
        )
        self.live_code = LiveCodeFactory(members=[member])
        self.welcome = WelcomeTemplateFactory(store=unit)
        self.material = MaterialFactory(units=[unit])
        self.send = SendFactory(material=self.material, member=member)
        self.incident = IncidentFactory(member=member)
        CapacityFactory(member=member)
        MemberProfile.objects.get_or_create(member=member)
        self.plan = HandoverPlan.objects.create(leaver=member, mode="in_service")
        self.item = put(
            member_id=member.pk, kind="handover", key=f"matrix:{number}", data={}, url="/h5/",
            title_code=next(iter(TITLES)),
        )  # fmt: skip
        touch(f"e{number}", parameter=token(member), unionid=f"u{number}")
        self.order = order(f"order-matrix-{number}", unionid=f"u{number}", store_code=unit.code)
        self.binding = StoreBinding.objects.get(store=unit, member=member)
        manager = person(f"manager_{number}", "store_manager", unit)
        self.grant = RoleGrant.objects.get(user=manager)
        self.change = StoreChange.objects.create(
            store=unit, kind="close", effective_on=timezone.localdate(), reason="lease ends"
        )

        self.invitation = Invitation.objects.create(
            crm_member=CrmMemberFactory(store_code=unit.code), guide=member, store=unit
        )
        self.rostered = on_roster(unit, member, 900 + number)
        self.extension = RosterExtension.objects.create(
            person=self.rostered, until=timezone.localdate() + timedelta(days=120), reason="season"
        )
        self.group = GroupFactory(owner=member)
        StayFactory(
            group=self.group, userid=self.contact.external_userid, contact=self.contact,
            unionid=f"u{number}", name=self.contact.name,
        )  # fmt: skip
        self.points = rich(f"u{number}", 50, name=self.contact.name)
        self.redemption = redeem(self.points, RewardFactory().pk, key="matrix")
        self.place = PlaceFactory(campaign=CampaignFactory(name=f"c{number}"), group=self.group)
        now = timezone.now()
        self.finding = DriftFinding.objects.create(
            kind="name", member=member, ours={}, theirs={}, mark="0" * 64, found_at=now, seen_at=now
        )

    @property
    def marks(self) -> tuple[str, ...]:
        """Words that stand on no page of somebody who does not reach this store."""
        return (
            self.contact.external_userid,
            self.contact.name,
            self.member.userid,
            self.member.name,
            self.order.order_no,
            self.unit.name,
            self.rostered.name,
        )


OBJECTS: dict[str, Callable[[Store], Arguments]] = {
    "h5:invitation_asked": lambda s: {"pk": s.invitation.pk},
    "h5:invitation_reveal": lambda s: {"pk": s.invitation.pk},
    "anomalies:close": lambda s: {"pk": s.incident.pk},
    "anomalies:take": lambda s: {"pk": s.incident.pk},
    "anomalies:undo": lambda s: {"pk": s.incident.pk},
    "capacity:limit": lambda s: {"member_id": s.member.pk},
    "materials:review": lambda s: {"pk": s.material.pk},
    "relations:opened": lambda s: {"relation_id": s.relation.pk},
    "org:bind": lambda s: {"pk": s.unit.pk},
    "org:change": lambda s: {"pk": s.change.pk},
    "org:change_approve": lambda s: {"pk": s.change.pk},
    "org:change_cancel": lambda s: {"pk": s.change.pk},
    "org:change_retry": lambda s: {"pk": s.change.pk},
    "org:change_plan": lambda s: {"pk": s.unit.pk},
    "org:retire": lambda s: {"pk": s.binding.pk},
    "org:shift": lambda s: {"pk": s.binding.pk},
    "org:site": lambda s: {"pk": s.unit.pk},
    "org:state": lambda s: {"pk": s.binding.pk},
    "profile:reveal": lambda s: {"contact_id": s.contact.pk},
    "drift:detail": lambda s: {"pk": s.finding.pk},
    "roster:approve": lambda s: {"pk": s.rostered.pk},
    "roster:decide_extension": lambda s: {"pk": s.extension.pk},
    "roster:detail": lambda s: {"pk": s.rostered.pk},
    "roster:end": lambda s: {"pk": s.rostered.pk},
    "roster:extend": lambda s: {"pk": s.rostered.pk},
    "roster:refuse": lambda s: {"pk": s.rostered.pk},
    "roster:retry": lambda s: {"pk": s.rostered.pk},
    "roster:withdraw": lambda s: {"pk": s.rostered.pk},
    "roles:revoke": lambda s: {"pk": s.grant.pk},
    "anomalies:detail": lambda s: {"pk": s.incident.pk},
    "capacity:detail": lambda s: {"member_id": s.member.pk},
    "profile:detail": lambda s: {"contact_id": s.contact.pk},
    "profile:allow": lambda s: {"contact_id": s.contact.pk},
    "profile:stop": lambda s: {"contact_id": s.contact.pk},
    "profile:fields": lambda s: {"contact_id": s.contact.pk},
    "profile:local_tags": lambda s: {"contact_id": s.contact.pk},
    "profile:note": lambda s: {"contact_id": s.contact.pk},
    "profile:note_done": lambda s: {"contact_id": s.contact.pk, "note_id": s.note.pk},
    "inheritance:detail": lambda s: {"pk": s.plan.pk},
    "inheritance:cancel": lambda s: {"pk": s.plan.pk},
    "inheritance:file": lambda s: {"pk": s.plan.pk},
    "inheritance:confirm": lambda s: {"pk": s.plan.pk},
    "inheritance:release": lambda s: {"pk": s.plan.pk},
    "inheritance:results": lambda s: {"pk": s.plan.pk},
    "inheritance:resume": lambda s: {"pk": s.plan.pk},
    "inheritance:retry": lambda s: {"pk": s.plan.pk},
    "external_profiles:accept": lambda s: {"pk": s.member.pk},
    "external_profiles:card": lambda s: {"pk": s.member.pk},
    "inheritance:create": lambda s: {"member_id": s.member.pk},
    "live_codes:detail": lambda s: {"pk": s.live_code.pk},
    "live_codes:edit": lambda s: {"pk": s.live_code.pk},
    "live_codes:picture": lambda s: {"pk": s.live_code.pk, "size": 300},
    "live_codes:retry": lambda s: {"pk": s.live_code.pk},
    "material_reach:detail": lambda s: {"pk": s.material.pk},
    "materials:detail": lambda s: {"pk": s.material.pk},
    "materials:file": lambda s: {"pk": s.material.pk, "part": "picture"},
    "materials:archive": lambda s: {"pk": s.material.pk},
    "materials:edit": lambda s: {"pk": s.material.pk},
    "materials:hand_in": lambda s: {"pk": s.material.pk},
    "materials:restore": lambda s: {"pk": s.material.pk},
    "crm:order": lambda s: {"order_id": s.order.pk},
    "oneid:card": lambda s: {"contact_id": s.contact.pk},
    "org:detail": lambda s: {"pk": s.unit.pk},
    "sales:detail": lambda s: {"order_id": s.order.pk},
    "welcome:edit": lambda s: {"pk": s.welcome.pk},
    "groups:detail": lambda s: {"pk": s.group.pk},
    "groups:read": lambda s: {"pk": s.group.pk},
    "groups:tags": lambda s: {"pk": s.group.pk},
    "groups:welcome": lambda s: {"pk": s.group.pk},
    "checkin:detail": lambda s: {"pk": s.place.campaign_id},
    "checkin:export": lambda s: {"pk": s.place.campaign_id},
    "points:account": lambda s: {"pk": s.points.pk},
    "points:cancel": lambda s: {"pk": s.redemption.pk},
    "h5:side_bar_customer": lambda s: {"external_userid": s.contact.external_userid},
    "h5:code_picture": lambda s: {"pk": s.live_code.pk},
    "h5:customer": lambda s: {"contact_id": s.contact.pk},
    "h5:note": lambda s: {"contact_id": s.contact.pk},
    "h5:contact_stop": lambda s: {"contact_id": s.contact.pk},
    "h5:customer_opened": lambda s: {"contact_id": s.contact.pk},
    "h5:customer_fields": lambda s: {"contact_id": s.contact.pk},
    "h5:note_done": lambda s: {"contact_id": s.contact.pk, "note_id": s.note.pk},
    "h5:reveal": lambda s: {"contact_id": s.contact.pk},
    "h5:material": lambda s: {"pk": s.material.pk},
    "h5:material_favourite": lambda s: {"pk": s.material.pk},
    "h5:material_send": lambda s: {"pk": s.material.pk},
    "h5:material_confirm": lambda s: {"pk": s.send.pk},
    "h5:sale": lambda s: {"order_id": s.order.pk},
    "h5:task_done": lambda s: {"item_id": s.item.pk},
}


def address(route: Route) -> str:
    """The address of a route with nothing behind its parameters."""
    return PARAMETER.sub(lambda found: NOTHING[found["kind"]], route.path)


def said(answer: Any) -> str:
    """What a page or a file says, whether HTML, JSON or XLSX."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b" ".join(
                book.read(name) for name in book.namelist() if name.endswith(".xml")
            )
    return content.decode("utf-8", "replace")
