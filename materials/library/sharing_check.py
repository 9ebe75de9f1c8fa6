"""Looks for wording that WeChat punishes as induced sharing; the words are data (induced_sharing.toml)."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.utils.translation import get_language

WORDS = Path(__file__).with_name("induced_sharing.toml")
# What stands for "…" in a word: a few characters between its two halves.
GAP = ".{0,8}?"
MOST_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """A forbidden piece of text as it was written, and the code of the reason."""

    word: str
    reason: str


@dataclass(frozen=True)
class _Rules:
    pattern: re.Pattern[str]
    reasons: tuple[str, ...]
    names: dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    data = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    branches: list[str] = []
    reasons: list[str] = []
    for entry in data["reason"]:
        for word in entry["words"]:
            halves = [re.escape(_levelled(half)[0]) for half in word.split("…")]
            branches.append(f"(?P<w{len(reasons)}>{GAP.join(halves)})")
            reasons.append(entry["code"])
    names = {entry["code"]: {"zh": entry["zh"], "en": entry["en"]} for entry in data["reason"]}
    return _Rules(re.compile("|".join(branches)), tuple(reasons), names)


def _levelled(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits in one width and case, and where each stood in the text."""
    kept: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for plain in unicodedata.normalize("NFKC", char).casefold():
            if plain.isalnum():
                kept.append(plain)
                places.append(place)
    return "".join(kept), places


def findings_in(texts: Iterable[str]) -> list[Finding]:
    """Return what looks like induced sharing, each wording once, at most 20."""
    rules = _rules()
    found: dict[str, Finding] = {}
    for text in texts:
        plain, places = _levelled(text)
        for match in rules.pattern.finditer(plain):
            word = text[places[match.start()] : places[match.end() - 1] + 1]
            reason = rules.reasons[int((match.lastgroup or "w0")[1:])]
            found.setdefault(word, Finding(word, reason))
    return list(found.values())[:MOST_FINDINGS]


def reason_words(code: str) -> str:
    """Return a reason in the language of the page; the code itself when the list no longer has it."""
    names = _rules().names.get(code)
    if names is None:
        return code
    return names["zh" if (get_language() or "zh").startswith("zh") else "en"]
