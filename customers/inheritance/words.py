"""Why a customer or a group did not go over, in words."""

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.inheritance.groups import OTHER_OWNER
from customers.inheritance.models import HandoverGroup, HandoverItem
from scrm.wecom.errors import hint_for


def item_reason(item: HandoverItem) -> str:
    """Return why this customer is not handed over (yet), or nothing."""
    if item.state == HandoverItem.State.LATER and item.again_on:
        return _(
            "WeCom lets a customer go over twice in 90 days. They stay with the old guide and are asked again on %(day)s."
        ) % {"day": timezone.localtime(item.again_on).strftime("%Y-%m-%d")}
    if item.state == HandoverItem.State.REFUSED:
        return _("The customer chose to stay with the old guide.")
    return _code_words(item.errcode)


def group_reason(group: HandoverGroup) -> str:
    """Return why this group has no new owner (yet), or nothing."""
    words = _code_words(group.errcode)
    if group.errcode == OTHER_OWNER:
        words = _("The group has another owner by now.")
    elif group.errcode == -1:
        words = _("WeCom took it on, but a day later the group had its old owner.")
    if group.state == HandoverGroup.State.LATER and group.again_on:
        again = timezone.localtime(group.again_on).strftime("%Y-%m-%d %H:%M")
        return f"{words} {_('Asked again on %(time)s.') % {'time': again}}"
    return words


def _code_words(code: int) -> str:
    return hint_for(code, "permanent").words(get_language() or "en") if code > 0 else ""
