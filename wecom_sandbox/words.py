"""The pages' words: English in the templates, Chinese in data/words/<area>.json."""

import json
from functools import lru_cache
from pathlib import Path


def translate(text: str, lang: str) -> str:
    """The text in ``zh`` or ``en``."""
    return _chinese().get(text, text) if lang == "zh" else text


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((Path(__file__).with_name("data") / "words").glob("*.json")):
        found |= json.loads(path.read_text(encoding="utf-8"))
    return found
