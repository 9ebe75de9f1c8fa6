"""What a partner key may be allowed to do; a scope that is not listed here does not exist."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

API_SCOPES: dict[str, Promise] = {
    "members.read": _("Members: read one, phone masked"),
    "members.write": _("Members: send"),
    "orders.write": _("Orders and refunds: send"),
    "goods.write": _("Goods: send"),
    "assets.write": _("Points, balances and coupons: send"),
    "events.write": _("Page events of the mall: send"),
    "entries.read": _("Entries: ask whether to show one"),
}
KNOWN_API_SCOPES = frozenset(API_SCOPES)
# What gives customers' data out: a key with one of these that was made in the console waits for approval.
READS_CUSTOMERS = frozenset({"members.read"})
