"""The endpoints, one module per area of WeCom's documentation. Importing this package registers all."""

from wecom_sandbox.api import (
    agent,
    base,
    contact_way,
    corp_tag,
    department,
    external_contact,
    media,
    member_tag,
    message,
    oauth,
    tickets,
    transfer,
    user,
    webhook,
    welcome,
)

__all__ = [
    "agent",
    "base",
    "contact_way",
    "corp_tag",
    "department",
    "external_contact",
    "media",
    "member_tag",
    "message",
    "oauth",
    "tickets",
    "transfer",
    "user",
    "webhook",
    "welcome",
]
