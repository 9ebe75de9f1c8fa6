"""What the rooms below keep of a person, where the models do not show it by themselves."""

from django.db.models import Q

from customers.crm.models import Order
from scrm.core.holdings import Holding, Subject, Way


def _orders(subject: Subject) -> Q:
    return (
        Q(member__in=subject.members)
        | Q(member_no__in=subject.member_numbers)
        | Q(unionid__in=subject.unionids)
        | Q(external_userid__in=subject.external_userids)
    )


def _order_lines(subject: Subject) -> Q:
    return Q(order__in=Order.objects.filter(_orders(subject)).values("pk"))


def _refunds(subject: Subject) -> Q:
    return Q(order_no__in=Order.objects.filter(_orders(subject)).values("order_no"))


def _stays(subject: Subject) -> Q:
    """Return the stays in groups: a group was often read before its people became customers."""
    return (
        Q(contact__in=subject.contacts)
        | Q(unionid__in=subject.unionids)
        | Q(userid__in=subject.external_userids)
    )


def _records(subject: Subject) -> Q:
    return Q(record_id__in=subject.records)


HOLDINGS = (
    Holding("customers.Order", where=_orders),
    Holding("customers.OrderLine", where=_order_lines),
    Holding("customers.Refund", where=_refunds),
    Holding("customers.GroupMember", where=_stays),
    Holding("customers.TimelineEntry", Way.DELETE, _records),
    Holding("customers.RecordKey", where=_records),
    Holding("customers.PersonLink", where=_records),
    Holding("customers.SubjectPackage", Way.DELETE, _records),
    Holding("customers.FollowUpNote", Way.DELETE),
    Holding("customers.DoNotContact", Way.DELETE),
    Holding("customers.MemberTags", Way.DELETE),
    Holding("customers.FieldValue", Way.DELETE),
    Holding("customers.CountMark", Way.DELETE, _records),
    Holding("customers.PersonalTags", Way.DELETE),
    Holding("customers.TagWish", Way.DELETE),
    Holding("customers.SharedKey", Way.APART, why="an identifier many share is nobody's"),
    Holding("customers.CustomerExport", Way.APART, why="files go within a day"),
    Holding("customers.AudienceFile", Way.APART, why="read once, gone within a day"),
    Holding("customers.IdentityChange", Way.APART, why="drained within minutes"),
    Holding("customers.Tombstone", Way.APART, why="keyed hashes that keep them forgotten"),
    Holding("customers.FactFile", Way.APART, why="read once, gone within a day"),
    Holding("core.StoredAnswer", Way.APART, why="gone within 24 hours"),
    Holding("core.JobRun", Way.APART, why="error files go after 7 days"),
    Holding("core.OutboxMessage", Way.APART, why="searched payload by payload"),
    Holding("core.CallbackCheck", Way.APART, why="of the one who sets WeCom up"),
    Holding("inbox.InboxEvent", Way.APART, why="searched payload by payload"),
    Holding("contacts.FeedItem", Way.APART, why="searched item by item"),
    Holding("contacts.BindingImport", Way.APART, why="where a member of staff stood"),
    Holding("contacts.RosterPerson", Way.APART, why="where a member of staff stood"),
)
