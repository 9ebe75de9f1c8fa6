"""Phone numbers: one spelling inside (E.164), one mask outside."""

import re
import unicodedata
from functools import cache
from typing import Any

import phonenumbers
from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

MOST_CHARACTERS = 64
INVISIBLE = frozenset({"Cf", "Zs", "Zl", "Zp", "Cc", "Mn", "Me"})
SEPARATORS = {ord("_"): "-", ord("\u00b7"): "-", ord("\u3010"): "(", ord("\u3011"): ")"}
LABEL = re.compile(r"^(tel|phone|mobile|mob|cell)\W*(?=[+(\d])", re.IGNORECASE)
FLOAT_END = re.compile(r"(?<=\d{11})\.0*$")
OTHER_KIND = re.compile(r"[A-Za-z*]")
# Written without a plus; no number within China looks so.
NEIGHBOURS = ("852", "853", "886")
# A mobile number within a text, or as a whole number of JSON.
WITHIN = re.compile(
    r"(?<![0-9A-Za-z])(?P<head>(?:\+?86[- ]?)?1[3-9]\d)[- ]?\d{4}[- ]?(?P<tail>\d{4})(?![0-9A-Za-z])"
)


def normalise_phone(raw: str, region: str = "CN") -> str:
    """Return the number in E.164 (`+8613800138000`).

    Takes digits of any script, blanks, dashes, brackets, `+86`, `0086` and `86` in front, and what a spreadsheet makes
    of a number as long as no digit is lost. Numbers without a country code are read as numbers of `region`; in China
    also as Hong Kong's, Macao's or Taiwan's where they say so. Raises ValidationFailed.
    """
    if region == "CN" and raw and _chinese_mobile().fullmatch(raw):
        # Nearly all there is, and ten times faster than asking the library about each.
        return f"+86{raw}"
    text = _plain(raw or "")
    if text is None:
        raise _refusal()
    if text.startswith("00"):
        text = "+" + text[2:]
    if region == "CN" and text.startswith("86") and len(text) == 13:
        text = "+" + text
    number = _parsed(text, region)
    if number is None and region == "CN" and text.startswith(NEIGHBOURS):
        number = _parsed("+" + text, region)
    if number is None:
        raise _refusal()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _plain(raw: str) -> str | None:
    """Return a number without what is only written around it; None where something of another kind is in it."""
    if len(raw.strip()) > MOST_CHARACTERS:
        return None
    text = unicodedata.normalize("NFKC", raw).translate(SEPARATORS)
    text = "".join(char for char in text if unicodedata.category(char) not in INVISIBLE)
    text = FLOAT_END.sub("", LABEL.sub("", text))
    # A star hides digits, and letters make a number part of an address, a formula or a name.
    return None if OTHER_KIND.search(text) else text


def _parsed(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    is_whole = not number.extension and phonenumbers.is_valid_number(number)
    return number if is_whole else None


def _refusal() -> ValidationFailed:
    return ValidationFailed(_("This is not a phone number."), code="phone_invalid")


@cache
def _chinese_mobile() -> re.Pattern[str]:
    """Return the library's own pattern of Chinese mobile numbers, ASCII digits only."""
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    return re.compile(str(metadata.mobile.national_number_pattern), re.ASCII)


def mask_phone(e164: str) -> str:
    """Return the number with its middle hidden: `138****5678`; empty stays empty."""
    if not e164:
        return ""
    national = e164.removeprefix("+86") if e164.startswith("+86") else e164
    if len(national) < 8:
        return "*" * len(national)
    return f"{national[:3]}****{national[-4:]}"


def phones_masked(value: Any) -> Any:
    """Return text or JSON with whole mobile numbers masked, names of fields too; for what is kept unencrypted."""
    if isinstance(value, str):
        return WITHIN.sub(lambda hit: f"{hit['head']}****{hit['tail']}", value)
    if isinstance(value, int) and not isinstance(value, bool):
        masked = phones_masked(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, dict):
        return {phones_masked(name): phones_masked(inner) for name, inner in value.items()}
    return [phones_masked(each) for each in value] if isinstance(value, list) else value
