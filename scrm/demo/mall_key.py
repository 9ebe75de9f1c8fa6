"""The demo mall's partner key: made by the environment, known to the database by its hash."""

from scrm.accounts.models import PartnerKey
from scrm.demo.names import names

SCOPES = ("entries.read", "events.write", "orders.write")


def ensure_mall_key(text: str) -> None:
    """Make the key the mall was started with usable; nothing to do where it is known or not wanted."""
    if not text:
        return
    _mark, prefix, secret = text.split("_", 2)
    PartnerKey.objects.get_or_create(
        prefix=prefix,
        defaults={
            "name": names()["mall"]["name"], "digest": PartnerKey.digest_of(secret), "scopes": list(SCOPES),
        },
    )  # fmt: skip
