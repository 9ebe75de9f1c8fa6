"""Words for WeCom's ways of adding (external-contacts.md, add_way)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A relation the company gave to a member: a hand-over, while employed or after.
ASSIGNED = 202

ADD_WAYS: dict[int, Promise] = {
    0: _("unknown way"),
    1: _("scanned a QR code"),
    2: _("searched a phone number"),
    3: _("shared card"),
    4: _("group chat"),
    5: _("phone book"),
    6: _("WeChat contact"),
    8: _("service staff added on installation"),
    9: _("searched an e-mail address"),
    10: _("WeChat Channels"),
    11: _("schedule"),
    12: _("meeting"),
    13: _("WeChat friend"),
    14: _("smart hardware"),
    15: _("on-site service"),
    16: _("acquisition link"),
    17: _("custom development"),
    18: _("answered a demand"),
    201: _("shared inside the company"),
    ASSIGNED: _("assigned by an administrator"),
}


def way_words(add_way: int) -> str:
    """Return a way of adding in words; an unknown number says so."""
    return str(ADD_WAYS.get(add_way, ADD_WAYS[0]))
