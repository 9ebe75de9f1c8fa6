"""Media that endpoints take only from media/upload_attachment, by what it was uploaded for (doc 95098)."""

import sqlite3

from wecom_sandbox.apps import media_store
from wecom_sandbox.sandbox import Sandbox

MOMENT, PRODUCT = 1, 2


def need(sandbox: Sandbox, media_id: str, media_type: str, attachment_type: int) -> sqlite3.Row:
    """A living upload of that type for that purpose; 40007 otherwise.

    Args:
        sandbox: the corp.
        media_id: as media/upload_attachment gave it.
        media_type: ``image`` or ``video``.
        attachment_type: 1 for moments, 2 for the product album.
    """
    return media_store.need(sandbox, media_id, f"attachment{attachment_type}:{media_type}")
