"""Gathers the models of this app's features."""

from customers.crm.models import CrmMember, MemberImport
from customers.oneid.models import Conflict, Decision, MergeLog, Person, PersonLink, RecordKey
from customers.relations.models import ExternalContact, FollowRelation, RecordChange, RelationEvent
from customers.tags.models import Tag, TagGroup

__all__ = [
    "Conflict",
    "CrmMember",
    "Decision",
    "ExternalContact",
    "FollowRelation",
    "MemberImport",
    "MergeLog",
    "Person",
    "PersonLink",
    "RecordChange",
    "RecordKey",
    "RelationEvent",
    "Tag",
    "TagGroup",
]
