"""What customers are found by: pure functions from text to the keys of the search entries.

Several kinds of keys share one index, so that PostgreSQL intersects them itself: pieces of the nickname as they are
(one and two characters), pinyin behind "~" and its beginnings behind "^", followers behind "@@", keyed hashes behind "#". What is encrypted
elsewhere (remarks, phones) enters only as keyed hashes; ADR 0015 says what these give away.
"""

import base64
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin

from contacts.directory.grams import name_grams, search_grams
from scrm.core.crypto import blind_index, blind_indexes

MOST_LETTERS = 16
MOST_INITIALS = 8
# Of a nickname so many syllables are read; longer ones are slogans.
MOST_SYLLABLES = 12
TOKEN_BYTES = 6
LEAST_REMARK = 2


def plain_text(text: str) -> str:
    """Return a text as it is compared: compatibility forms made plain, invisible characters and NUL left out."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})


def nickname_keys(name: str) -> set[str]:
    """Return the keys of a nickname: its pieces, its pinyin, and the beginnings of its pinyin."""
    plain = plain_text(name)
    finished = pinyin_forms(plain)
    begun = {
        form[:end] for form in _from_the_start(plain) for end in range(LEAST_REMARK, len(form) + 1)
    }
    return {*name_grams(plain), *(f"~{form}" for form in finished), *(f"^{form}" for form in begun)}


def pinyin_beginnings(name: str) -> tuple[str, str]:
    """Return a nickname's pinyin and its initials from the first syllable on, as sorted indexes hold them."""
    syllables = _syllables(plain_text(name)) if pinyin_forms(plain_text(name)) else []
    return _whole(syllables), _initials(syllables)


def nickname_wanted(text: str) -> list[str]:
    """Return the pieces a nickname must have to match."""
    return search_grams(plain_text(text))


def pinyin_wanted(text: str) -> str:
    """Return the letters of a text typed in pinyin, in full or as initials; "" for anything else."""
    letters = _letters(text)
    return letters[:MOST_LETTERS] if len(letters) >= LEAST_REMARK else ""


def follower_key(member_id: int) -> str:
    """Return the key all customers of one member have."""
    return f"@@{member_id}"


def last_four_key(digits: str) -> str:
    """Return the key of a phone's last four digits."""
    return _token("phone_last4", digits)


def last_four_of(phones: Iterable[str]) -> set[str]:
    """Return the last four digits of phones as typed; what has fewer than seven digits is no phone."""
    digits = ("".join(char for char in plain_text(phone) if char.isdigit()) for phone in phones)
    return {each[-4:] for each in digits if len(each) >= 7}


def remark_keys(remark: str, phones: Iterable[str]) -> set[str]:
    """Return the keyed hashes of a remark: pairs of characters, pinyin, last four digits of its phones."""
    plain = plain_text(remark)
    pairs = {gram for gram in name_grams(plain) if len(gram) == LEAST_REMARK}
    tokens = {_token("remark_gram", piece) for piece in pairs}
    tokens |= {_token("remark_gram", f"~{letters}") for letters in pinyin_forms(plain)}
    return tokens | {last_four_key(digits) for digits in last_four_of(phones)}


def remark_wanted(text: str) -> list[list[str]]:
    """Return the sets of hashes of which a remark must have one whole to match; none for under two characters.

    One set for its characters and one for its pinyin, twice while the key is being changed.
    """
    compact = "".join(plain_text(text).lower().split())
    if len(compact) < LEAST_REMARK:
        return []
    ways = _each_key("remark_gram", search_grams(compact))
    letters = pinyin_wanted(text)
    return [*ways, *_each_key("remark_gram", [f"~{letters}"])] if letters else ways


def last_four_wanted(digits: str) -> list[list[str]]:
    """Return the sets of hashes of which an entry must have one to match these four digits."""
    return _each_key("phone_last4", [digits])


def _each_key(kind: str, values: list[str]) -> list[list[str]]:
    by_value = [[_text(index) for index in blind_indexes(kind, value)] for value in values]
    return [sorted(set(tokens)) for tokens in zip(*by_value, strict=True)]


def _token(kind: str, value: str) -> str:
    return _text(blind_index(kind, value))


def _text(index: bytes) -> str:
    return f"#{base64.urlsafe_b64encode(index[:TOKEN_BYTES]).decode()}"


def _letters(text: str) -> str:
    compact = "".join(plain_text(text).lower().split())
    return compact if compact.isascii() and compact.isalnum() and not compact.isdigit() else ""


def pinyin_forms(text: str) -> set[str]:
    """Return how a Chinese text is typed in pinyin, from its beginning and from every later syllable on.

    In full, its next two syllables, and initials, at most sixteen letters; a first character with several
    readings (a surname) counts with each. Empty for a text without Chinese.
    """
    return {form for syllables in _readings_of(text) for form in _forms(syllables)}


def _from_the_start(text: str) -> set[str]:
    return {
        form
        for syllables in _readings_of(text)
        for form in (_whole(syllables), _initials(syllables))
    }


def _readings_of(text: str) -> list[list[str]]:
    """Return the syllables of a text, once for each reading of its first character."""
    if not any(_is_chinese(char) for char in text):
        return []
    syllables = _syllables(text)
    if not syllables:
        return []
    firsts = {syllables[0], *_readings(text[0])}
    return [[first, *syllables[1:]] for first in sorted(firsts)]


def _is_chinese(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


@lru_cache(maxsize=1)
def _syllables_of(text: str) -> tuple[str, ...]:
    parts = lazy_pinyin(text, errors=_plain_words)  # type: ignore[arg-type]  # a list is taken too
    return tuple(part.lower() for part in parts if part and part.isascii() and part.isalnum())


def _syllables(text: str) -> list[str]:
    return list(_syllables_of(text)[:MOST_SYLLABLES])


def _plain_words(other: str) -> list[str]:
    """Keep Latin words and numbers as one syllable each; signs and pictures are not typed."""
    return "".join(char if char.isascii() and char.isalnum() else " " for char in other).split()


@lru_cache(maxsize=8192)
def _readings(char: str) -> tuple[str, ...]:
    if not _is_chinese(char):
        return ()
    return tuple(pinyin(char, style=Style.NORMAL, heteronym=True)[0][:3])


def _whole(syllables: list[str]) -> str:
    return "".join(syllables)[:MOST_LETTERS]


def _initials(syllables: list[str]) -> str:
    return "".join(each[0] for each in syllables)[:MOST_INITIALS]


def _forms(syllables: list[str]) -> set[str]:
    forms: set[str] = set()
    for start in range(len(syllables)):
        rest = syllables[start:]
        forms |= {_whole(rest), _whole(rest[:2]), _initials(rest)}
    return {form for form in forms if len(form) >= LEAST_REMARK}
