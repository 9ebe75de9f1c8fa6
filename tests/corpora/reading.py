"""The corpora as their tests read them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
REFUSED = "!"


@dataclass(frozen=True)
class Phone:
    """A spelling, and its E.164; empty where it is no phone number."""

    raw: str
    e164: str


@dataclass(frozen=True)
class Name:
    """A name; what the CRM's member keeps of it, sent by a partner or in a file (None: refused), and WeCom's customer."""

    raw: str
    member: str | None
    nickname: str
    pinyin: str
    file: str | None


def phones() -> list[Phone]:
    """Return all spellings of phone numbers."""
    groups = tomllib.loads((FOLDER / "phones.toml").read_text(encoding="utf-8"))
    return [Phone(raw, e164) for group in groups.values() for raw, e164 in group["cases"]]


def names() -> list[Name]:
    """Return all names."""
    groups = tomllib.loads((FOLDER / "names.toml").read_text(encoding="utf-8"))
    return [_name(case) for group in groups.values() for case in group["cases"]]


def _name(case: dict[str, str | int]) -> Name:
    raw = str(case["raw"]) * int(case.get("times", 1))
    member = str(case.get("member", raw))
    nickname = str(case.get("nickname", raw))[: int(case.get("keeps", len(raw)))]
    kept = None if member == REFUSED else member
    file = str(case["file"]) if "file" in case else kept
    return Name(raw, kept, nickname, str(case.get("pinyin", "")), file)
