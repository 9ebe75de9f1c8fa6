"""Fields that batches of every kind share: identifiers, moments, money, optional text."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

YEARS = range(2000, 2101)
CLOCKS_APART = timedelta(days=1)
ID_TEXT = re.compile(r"[!-~]+")
# Of fields that may be empty too.
ID_PATTERN = r"^[!-~]*\Z"


class IdField(serializers.RegexField):
    """An identifier: letters, digits and signs, no blanks."""

    def __init__(self, **kwargs: Any) -> None:
        words: dict[str, Any] = {
            "invalid": gettext_lazy("Letters, digits and signs only, without blanks.")
        }
        super().__init__(ID_PATTERN, error_messages=words, **kwargs)


class MomentField(serializers.DateTimeField):
    """A moment; without an offset it is Shanghai's time."""

    def __init__(self, **kwargs: Any) -> None:
        words: dict[str, Any] = {
            "invalid": gettext_lazy("A day and time are wanted here, like 2026-11-22 09:30:00.")
        }
        super().__init__(error_messages=words, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        """Refuse years nobody sells in."""
        try:
            moment: datetime = super().to_internal_value(value)
        except OverflowError:
            # Without an offset the first and last days of the calendar have no place in UTC.
            raise _not_our_years() from None
        if moment.year not in YEARS:
            raise _not_our_years()
        return moment


def _not_our_years() -> serializers.ValidationError:
    return serializers.ValidationError(_("The year must lie between 2000 and 2100."))


class SeenField(MomentField):
    """When something was as it is told: one from the future would keep every later state out."""

    def to_internal_value(self, value: Any) -> datetime:
        """Refuse what has not come yet; clocks may differ by a day."""
        moment = super().to_internal_value(value)
        if moment > timezone.now() + CLOCKS_APART:
            raise serializers.ValidationError(
                _("This lies in the future. Send when it was so, or leave it out.")
            )
        return moment


class MoneyField(serializers.DecimalField):
    """Yuan with at most two decimals."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal("0.00"))
        super().__init__(max_digits=12, decimal_places=2, **kwargs)


def optional_text(length: int) -> serializers.CharField:
    """Return a text field that may be left out or empty."""
    return serializers.CharField(max_length=length, required=False, allow_blank=True)


def optional_id(length: int) -> IdField:
    """Return an identifier that may be left out or empty."""
    return IdField(max_length=length, required=False, allow_blank=True)
