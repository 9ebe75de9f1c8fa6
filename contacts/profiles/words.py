"""Why a card was not written, in the reader's language."""

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from contacts.profiles.limits import MOST_CHARACTERS
from contacts.profiles.models import MemberProfile
from scrm.wecom.errors import hint_for

REASONS: dict[str, Promise] = {
    "too_long": gettext_lazy(
        'The line "%(line)s" is longer than %(most)d characters once it is filled in for this account. Shorten the template or the name.'
    ),
    "address_too_long": gettext_lazy(
        'The address of the line "%(line)s" is too long. Shorten the template.'
    ),
}


def line_words(line: str) -> str:
    """Return a line's name; without one it is the position above the lines."""
    return line or _("Position shown")


def refused_words(refused: int, tried: int) -> str:
    """Return how many cards WeCom would be spared as too long, of how many tried; "" for none."""
    if not refused:
        return ""
    words = ngettext(
        "%(refused)d of %(tried)d card is too long and would not be written.",
        "%(refused)d of %(tried)d cards are too long and would not be written.",
        tried,
    )
    return words % {"refused": refused, "tried": tried}


def publish_words(accounts: int, refused: int, tried: int) -> str:
    """Return what a person is asked before a card is written to accounts."""
    words = ngettext(
        "Write this card to %(accounts)d account?",
        "Write this card to %(accounts)d accounts?",
        accounts,
    )
    asked = words % {"accounts": accounts}
    return " ".join(filter(None, (asked, refused_words(refused, tried))))


def reason_words(profile: MemberProfile) -> str:
    """Return why a card was not written, with the next step; "" when it was."""
    if not profile.code:
        return ""
    if profile.code in REASONS:
        return str(REASONS[profile.code]) % {
            "line": line_words(profile.detail),
            "most": MOST_CHARACTERS,
        }
    words = hint_for(profile.errcode, profile.code.removeprefix("wecom-")).words(
        get_language() or settings.LANGUAGE_CODE
    )
    return f"{words} [{profile.errcode}]" if profile.errcode is not None else words
