"""What a partner key may be allowed to do; a scope that is not listed here does not exist."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

API_SCOPES: dict[str, Promise] = {
    "members.read": _("Members: read one, phone masked"),
    "members.write": _("Members: send"),
    "orders.write": _("Orders and refunds: send"),
    "orders.read": _("Orders: read one"),
    "goods.write": _("Goods: send"),
    "stock.write": _("Store stock: send"),
    "goods.read": _("Goods and stock: read"),
    "assets.write": _("Points, balances and coupons: send"),
    "member_tags.write": _("Tags of members: send"),
    "audiences.write": _("Audiences of segments: send"),
    "services.write": _("Services members received: send"),
    "events.write": _("Page events of the mall: send"),
    "entries.read": _("Entries: ask whether to show one"),
}
KNOWN_API_SCOPES = frozenset(API_SCOPES)
# What gives customers' data out: a key with one of these that was made in the console waits for approval.
READS_CUSTOMERS = frozenset({"members.read"})
