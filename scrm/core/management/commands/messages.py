"""`manage.py messages --update|--check|--compile`: translation catalogues without gettext binaries.

Message ids are English; locale/zh_Hans is the one catalogue. Babel reads Python, Django's own
templatize turns templates into what Babel can read. The file carries no dates and no line numbers,
so that it changes only when words change.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
PACKAGES = ("scrm", "contacts", "customers", "risk", "materials", "attribution")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# The data map says why and how long: the first and the third word of each use.
USES: tuple[dict[str, Any], ...] = ({"DataUse": (1,)}, {"DataUse": (3,)})
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
PLACEHOLDER = re.compile(r"%\((\w+)\)[a-z]|\{(\w+)\}")
Key = tuple[str, str]


class Command(BaseCommand):
    """Keeps locale/zh_Hans complete."""

    help = "Update, check or compile the Chinese catalogue."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do, and dictionaries {English: Chinese} to merge."""
        parser.add_argument(
            "--update", action="store_true", help="take new message ids in, drop those gone"
        )
        parser.add_argument(
            "--check",
            action="store_true",
            help="fail on a missing, fuzzy, obsolete or broken entry",
        )
        parser.add_argument(
            "--compile", action="store_true", help="write the .mo file that Django reads"
        )
        parser.add_argument(
            "--from", dest="sources", nargs="*", default=[], help="JSON files {English: Chinese}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked, in the order update, check, compile."""
        root, path = Path(settings.BASE_DIR), catalogue_path()
        if options["update"]:
            missing = update(root, path, _dictionary(options["sources"]))
            self.stdout.write(f"{path.relative_to(root)}: {missing} entries without Chinese")
        if options["check"]:
            problems = problems_of(root, path)
            if problems:
                raise CommandError(
                    "\n".join([*problems, f"{len(problems)} problems in {path.relative_to(root)}"])
                )
            self.stdout.write("the Chinese catalogue is complete")
        if options["compile"]:
            with path.with_suffix(".mo").open("wb") as target:
                write_mo(target, _read(path))


def catalogue_path() -> Path:
    """Return where the Chinese catalogue lies."""
    return Path(settings.LOCALE_PATHS[0]) / LOCALE / "LC_MESSAGES" / "django.po"


def extracted(root: Path) -> Catalog:
    """Return every message id of the product's Python files and templates."""
    found = _blank()
    for path, text in _sources(root):
        where = str(path.relative_to(root))
        try:
            entries = [
                entry
                for keywords in (KEYWORDS, *USES)
                for entry in extract("python", io.BytesIO(text.encode()), keywords=keywords)
            ]
        except (SyntaxError, ValueError) as error:
            raise CommandError(f"{where}: cannot be read for translation: {error}") from error
        for _line, message, _comments, context in entries:
            found.add(message, None, [(where, 0)], context=context)
    return found


def update(root: Path, path: Path, words: dict[str, str]) -> int:
    """Rewrite the catalogue from the sources, `words` going before what stands there; return how many stay empty."""
    known, fresh = _read(path) if path.exists() else _blank(), extracted(root)
    for message in _entries(fresh):
        old = known.get(message.id, context=message.context)
        kept = old.string if old is not None and not old.fuzzy else ""
        message.string = _filled(message, kept, words)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(
            target, fresh, width=120, include_lineno=False, sort_output=True, omit_header=False
        )
    return sum(not _is_translated(message) for message in _entries(fresh))


def problems_of(root: Path, path: Path) -> list[str]:
    """Return one line for each missing, fuzzy, obsolete or broken entry."""
    if not path.exists():
        return [f"{path} does not exist; run `manage.py messages --update`."]
    known, wanted = _read(path), extracted(root)
    by_key = {_key(message): message for message in _entries(known)}
    wanted_keys = {_key(message): message for message in _entries(wanted)}
    problems = []
    for key, message in sorted(wanted_keys.items()):
        entry = by_key.get(key)
        files = ", ".join(sorted({name for name, _line in message.locations}))
        if entry is None or not _is_translated(entry):
            problems.append(f"missing: {key[0]!r} ({files})")
        elif entry.fuzzy:
            problems.append(f"fuzzy: {key[0]!r}")
        elif not _same_placeholders(entry):
            problems.append(f"other placeholders than the English: {key[0]!r}")
    gone = sorted(by_key.keys() - wanted_keys.keys()) + sorted(
        (str(key), "") for key in known.obsolete
    )
    return problems + [f"obsolete: {key[0]!r}" for key in gone]


def _sources(root: Path) -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text(encoding="utf-8")
    for path in sorted((root / "templates").rglob("*.html")):
        text = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        # What templatize blanks out keeps its indentation, which Python's tokenizer would refuse.
        yield path, "\n".join(line.lstrip() for line in text.splitlines())


def _blank() -> Catalog:
    return Catalog(
        locale=LOCALE,
        project="scrm",
        version="1",
        copyright_holder="the SCRM authors",
        header_comment="# Chinese words of the product.",
        creation_date=UNDATED,
        revision_date=UNDATED,
        last_translator="the SCRM authors",
        language_team="zh_Hans",
        fuzzy=False,
    )


def _read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=LOCALE)


def _entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _key(message: Message) -> Key:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context or "")


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def _is_translated(message: Message) -> bool:
    strings = _strings(message)
    return bool(strings) and all(strings)


def _filled(message: Message, kept: Any, words: dict[str, str]) -> Any:
    plural = not isinstance(message.id, str)
    value = words.get(_key(message)[0], "")
    current = kept if isinstance(kept, str) else (kept[0] if kept else "")
    text = value or current
    return (text,) if plural else text


def _same_placeholders(message: Message) -> bool:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    allowed = set().union(*(_placeholders(each) for each in ids))
    # A singular may leave the number out; Chinese has one form and may use any of the English names.
    return all(_placeholders(each) <= allowed for each in _strings(message)) and (
        len(ids) > 1 or _placeholders(_strings(message)[0]) == allowed
    )


def _placeholders(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def _dictionary(sources: Iterable[str]) -> dict[str, str]:
    words: dict[str, str] = {}
    for source in sources:
        words.update(json.loads(Path(source).read_text(encoding="utf-8")))
    return words
