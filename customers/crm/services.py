"""Writes of CRM members and what belongs to them, in chunks and set by set."""

from customers.crm.facts import assets_upsert, services_upsert, tags_upsert
from customers.crm.members import members_upsert
from customers.crm.orders import orders_upsert, refunds_upsert
from customers.results import UpsertResult

__all__ = [
    "UpsertResult",
    "assets_upsert",
    "members_upsert",
    "orders_upsert",
    "refunds_upsert",
    "services_upsert",
    "tags_upsert",
]
