"""Who is on the way from a surface to the lead-in page, sealed into its address.

Nobody but us can read or forge it; whoever passes the address on passes the ticket on too, so it holds
for a day only and for one entry at one store.
"""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.utils import timezone

from scrm.core.crypto import DecryptionError, decrypt, encrypt

HOLDS = timedelta(days=1)
MOST_CHARS = 700
_CONTEXT = b"attribution.entries.ticket:"


@dataclass(frozen=True)
class Visitor:
    """Who a surface says is there; what it does not know is empty."""

    unionid: str = ""
    external_userid: str = ""
    visitor_id: str = ""
    order_no: str = ""

    @property
    def is_known(self) -> bool:
        """Return whether at least one identity is known."""
        return bool(self.unionid or self.external_userid or self.visitor_id)


def ticket_of(visitor: Visitor, token: str, *, number: str = "") -> str:
    """Return a sealed text for this visitor at this token; `number` tells one opening from another."""
    fields = {name: value for name, value in asdict(visitor).items() if value}
    body = {**fields, "at": int(timezone.now().timestamp()), "number": number}
    sealed = encrypt(json.dumps(body, separators=(",", ":")).encode(), _CONTEXT + token.encode())
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def visitor_in(ticket: str, token: str) -> tuple[Visitor, str] | None:
    """Return (visitor, number) of a ticket; None where it is old, forged or of another token."""
    if not ticket or len(ticket) > MOST_CHARS or not ticket.isascii():
        return None
    try:
        sealed = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
        body = json.loads(decrypt(sealed, _CONTEXT + token.encode()))
    except (binascii.Error, ValueError, DecryptionError):
        return None
    at, number = body.pop("at"), body.pop("number")
    if timezone.now().timestamp() - at > HOLDS.total_seconds():
        return None
    return Visitor(**body), number
