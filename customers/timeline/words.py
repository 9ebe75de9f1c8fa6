"""The words of timeline facts by title code; higher rooms that append facts add their codes here."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, Promise] = {
    "relation.add": _("Added %(guide)s"),
    "relation.half_add": _("Asked to add %(guide)s"),
    "relation.del_by_member": _("Was deleted by %(guide)s"),
    "relation.del_by_customer": _("Deleted %(guide)s"),
    "relation.transferred": _("Was handed over by %(guide)s"),
    "relation.transfer_fail": _("Was not handed over to %(guide)s"),
    "member.joined": _("Joined as member %(member_no)s"),
    "order.paid": _("Bought for ¥%(amount)s, order %(order_no)s"),
    "order.refunded": _("Got ¥%(amount)s back, order %(order_no)s"),
    "service.done": _("Was served: %(service)s"),
    "note.added": _("%(author)s wrote a follow-up note"),
    "contact.stopped": _("Does not want to be contacted any more"),
    "contact.allowed": _("May be contacted again"),
    "material.sent": _("Was sent “%(title)s” by %(guide)s"),
    "material.viewed": _("Looked at “%(title)s”, sent by %(guide)s"),
    "sale.credited": _("Order %(order_no)s was credited to %(guide)s"),
}


class _Known(dict[str, Any]):
    """What is known of a fact; what is not is a dash."""

    def __missing__(self, name: str) -> str:
        return "—"


def words_of(title_code: str, known: Mapping[str, Any]) -> str:
    """Return a fact in words; a code without words is shown as it is."""
    title = TITLES.get(title_code)
    if title is None:
        return title_code
    values = {name: value for name, value in known.items() if value not in (None, "")}
    return str(title) % _Known(values)
