"""Gathers the models of this app's features."""

from customers.crm.models import (
    Asset,
    CrmMember,
    FormerStore,
    Goods,
    HistoryChange,
    MemberImport,
    Order,
    OrderChange,
    OrderLine,
    Refund,
)
from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from customers.oneid.models import (
    Conflict,
    Decision,
    IdentityChange,
    MergeLog,
    Person,
    PersonLink,
    RecordKey,
)
from customers.profile.models import DoNotContact, FollowUpNote
from customers.relations.models import ExternalContact, FollowRelation, RecordChange, RelationEvent
from customers.tags.models import Tag, TagGroup
from customers.timeline.models import TimelineEntry

__all__ = [
    "Asset",
    "Conflict",
    "CrmMember",
    "Decision",
    "DoNotContact",
    "ExternalContact",
    "FollowRelation",
    "FollowUpNote",
    "FormerStore",
    "Goods",
    "HandoverItem",
    "HandoverPlan",
    "HandoverPolicy",
    "HistoryChange",
    "IdentityChange",
    "MemberImport",
    "MergeLog",
    "Order",
    "OrderChange",
    "OrderLine",
    "Person",
    "PersonLink",
    "RecordChange",
    "RecordKey",
    "Refund",
    "RelationEvent",
    "Tag",
    "TagGroup",
    "TimelineEntry",
]
