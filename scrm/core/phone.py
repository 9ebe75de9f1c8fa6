"""Phone numbers: one spelling inside (E.164), one mask outside."""

import unicodedata

import phonenumbers
from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed


def normalise_phone(raw: str, region: str = "CN") -> str:
    """Return the number in E.164 (`+8613800138000`).

    Takes full-width digits, blanks, dashes, brackets, `+86`, `0086` and `86` in front. Numbers without a
    country code are read as numbers of `region`. Raises ValidationFailed.
    """
    text = unicodedata.normalize("NFKC", raw or "")
    text = "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Zs", "Cc"})
    if text.startswith("00"):
        text = "+" + text[2:]
    if region == "CN" and text.startswith("86") and len(text) == 13:
        text = "+" + text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise ValidationFailed(_("This is not a phone number."), code="phone_invalid") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise ValidationFailed(_("This is not a phone number."), code="phone_invalid")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(e164: str) -> str:
    """Return the number with its middle hidden: `138****5678`; empty stays empty."""
    if not e164:
        return ""
    national = e164.removeprefix("+86") if e164.startswith("+86") else e164
    if len(national) < 8:
        return "*" * len(national)
    return f"{national[:3]}****{national[-4:]}"
