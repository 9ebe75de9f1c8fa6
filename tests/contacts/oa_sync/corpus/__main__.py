"""`python -m tests.contacts.oa_sync.corpus`: writes the payloads anew, one file a theme.

What a payload must give is said here by whoever thought of it, never taken from what our checks say.
"""

from pathlib import Path

from tests.contacts.oa_sync.corpus import cells, groups, shapes
from tests.contacts.oa_sync.corpus.payloads import Payload, written

HERE = Path(__file__).parent
THEMES: dict[str, list[Payload]] = {**cells.THEMES, **groups.THEMES, **shapes.THEMES}


def files() -> dict[str, str]:
    """Return the text of every file, by name."""
    return {f"{name}.toml": written(name, payloads) for name, payloads in THEMES.items()}


if __name__ == "__main__":
    for name, text in files().items():
        (HERE / name).write_text(text, encoding="utf-8")
