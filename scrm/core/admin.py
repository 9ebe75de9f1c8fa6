"""Raw tables for IT, gathered; only those without personal data."""

from scrm.core.outbox.admin import OutboxMessageAdmin

__all__ = ["OutboxMessageAdmin"]
