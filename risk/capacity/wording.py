"""The words of the capacity alert."""

import tomllib
from functools import cache
from pathlib import Path


@cache
def _alert() -> dict[str, str]:
    source = Path(__file__).with_name("wording.toml").read_text(encoding="utf-8")
    words: dict[str, str] = tomllib.loads(source)["alert"]
    return words


def alert_words(language: str, *, name: str, userid: str, percent: int) -> str:
    """Return the alert in a language ("zh-hans", "en"); names are inserted as they are, braces too."""
    text = _alert()["zh" if language.startswith("zh") else "en"]
    before, after_name = text.split("{name}")
    middle, after_userid = after_name.split("{userid}")
    between, end = after_userid.split("{percent}")
    return f"{before}{name}{middle}{userid}{between}{percent}{end}"
