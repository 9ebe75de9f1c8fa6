"""Looking people up by their phone number, wherever that can be done: so many in an hour, and each one audited.

It is how a list of numbers is tried out, so all pages count together.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from scrm.core.audit.services import record
from scrm.core.exceptions import RateLimited, ValidationFailed
from scrm.core.limits import counted
from scrm.core.phone import mask_phone, normalise_phone

MOST, WINDOW = 60, 3600


def lookup_phone(user: Any, text: str) -> str:
    """Return the number (E.164) that a searched text is, counted for this person; "" for any other text.

    Raises RateLimited after the most in an hour.
    """
    try:
        phone = normalise_phone(text)
    except ValidationFailed:
        return ""
    lookup_count(user)
    return phone


def lookup_count(user: Any) -> None:
    """Count one look-up by number; raises RateLimited after the most in an hour."""
    if counted("core.phone_lookups", str(user.pk), WINDOW) > MOST:
        raise RateLimited(
            _(
                "You looked up many phone numbers in the last hour. Search by another word, or go on in an hour."
            ),
            code="too_many_phones",
        )


@transaction.atomic
def lookup_record(user: Any, phone: str, *, found: Mapping[str, int]) -> None:
    """Note in the audit which number (masked) was looked up, and how many were found by kind."""
    record(
        actor=user,
        action="search.phone",
        target="search:*",
        after={"phone": mask_phone(phone), "found": dict(found)},
    )
