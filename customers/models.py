"""Gathers the models of this app's features."""

from customers.checkin.models import CampaignGroup, Checkin, CheckinCampaign, StreakBonus
from customers.crm.fact_models import Asset, MemberTags, ServiceReceived
from customers.crm.models import (
    CrmMember,
    FormerStore,
    HistoryChange,
    Order,
    OrderChange,
    OrderLine,
    Refund,
)
from customers.fields.models import FieldDefinition, FieldValue
from customers.goods.models import Goods, StoreStock
from customers.groups.models import (
    CustomerGroup,
    GroupDay,
    GroupMember,
    GroupTag,
    GroupWelcome,
    GroupWelcomeFile,
    WeChatIdentity,
)
from customers.inheritance.models import (
    HandoverGroup,
    HandoverItem,
    HandoverPlan,
    HandoverPolicy,
)
from customers.intake.models import FactFile, PullSource
from customers.lists.models import ContactSearch, CustomerExport, RelationSearch, SavedView
from customers.oneid.models import (
    Conflict,
    Decision,
    IdentityChange,
    MergeLog,
    Person,
    PersonLink,
    RecordKey,
    SharedKey,
)
from customers.points.models import (
    PointsAccount,
    PointsEntry,
    PointsRule,
    PointsTransaction,
    Redemption,
    Reward,
)
from customers.privacy.models import Erasure, SubjectPackage, Tombstone
from customers.profile.mark_models import CountMark, LeftOut, ServeRule
from customers.profile.models import DoNotContact, FollowUpNote
from customers.relations.models import (
    ExternalContact,
    FollowRelation,
    RecordChange,
    RelationEvent,
    SearchChange,
)
from customers.relations.opened_models import OpenedChat
from customers.relations.reading_models import ListedPage
from customers.segments.models import (
    AudienceEntry,
    AudienceFile,
    FactChange,
    Invitation,
    RuleMark,
    Segment,
    TagRule,
)
from customers.sync.models import (
    MemberRead,
    MissedChange,
    SyncChain,
    SyncFault,
    SyncRun,
    Unlisted,
)
from customers.tags.models import LocalTag, LocalTagMark, PersonalTags, Tag, TagGroup, TagWish
from customers.timeline.models import TimelineEntry

__all__ = [
    "Asset",
    "AudienceEntry",
    "AudienceFile",
    "CampaignGroup",
    "Checkin",
    "CheckinCampaign",
    "Conflict",
    "ContactSearch",
    "CountMark",
    "CrmMember",
    "CustomerExport",
    "CustomerGroup",
    "Decision",
    "DoNotContact",
    "Erasure",
    "ExternalContact",
    "FactChange",
    "FactFile",
    "FieldDefinition",
    "FieldValue",
    "FollowRelation",
    "FollowUpNote",
    "FormerStore",
    "Goods",
    "GroupDay",
    "GroupMember",
    "GroupTag",
    "GroupWelcome",
    "GroupWelcomeFile",
    "HandoverGroup",
    "HandoverItem",
    "HandoverPlan",
    "HandoverPolicy",
    "HistoryChange",
    "IdentityChange",
    "Invitation",
    "LeftOut",
    "ListedPage",
    "LocalTag",
    "LocalTagMark",
    "MemberRead",
    "MemberTags",
    "MergeLog",
    "MissedChange",
    "OpenedChat",
    "Order",
    "OrderChange",
    "OrderLine",
    "Person",
    "PersonLink",
    "PersonalTags",
    "PointsAccount",
    "PointsEntry",
    "PointsRule",
    "PointsTransaction",
    "PullSource",
    "RecordChange",
    "RecordKey",
    "Redemption",
    "Refund",
    "RelationEvent",
    "RelationSearch",
    "Reward",
    "RuleMark",
    "SavedView",
    "SearchChange",
    "Segment",
    "ServeRule",
    "ServiceReceived",
    "SharedKey",
    "StoreStock",
    "StreakBonus",
    "SubjectPackage",
    "SyncChain",
    "SyncFault",
    "SyncRun",
    "Tag",
    "TagGroup",
    "TagRule",
    "TagWish",
    "TimelineEntry",
    "Tombstone",
    "Unlisted",
    "WeChatIdentity",
]
