"""A drop folder: the newest whole file of each role, as another program leaves them there."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.records import Feed, Record

KINDS = frozenset({".csv", ".xlsx", ".txt"})
# A file younger than this may still be being written.
QUIET_SECONDS = 20.0


@dataclass(frozen=True)
class FolderSettings:
    """How the files of each role begin, by role."""

    prefixes: dict[str, str]


class FolderFeed(Feed):
    """Reads files of SCRM_OA_FOLDER; never a file that was touched seconds ago."""

    def __init__(self, settings: FolderSettings) -> None:
        self._settings = settings

    def as_of(self) -> datetime:
        """Return when the people's file was written: one that nobody replaces grows old (see Feed)."""
        written = newest(self._settings.prefixes["employees"]).stat().st_mtime
        return min(datetime.fromtimestamp(written, UTC), timezone.now())

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the newest file of a role; raises ValidationFailed (see Feed)."""
        file = newest(self._settings.prefixes[role])
        try:
            content = file.read_bytes()
        except OSError:
            raise _unreadable(file.name) from None
        table = read_table(io.BytesIO(content), filename=file.name)
        for count, row in enumerate(table.rows, 1):
            yield Record(row.number, row.values)
            if count == limit:
                return


def folder() -> Path:
    """Return the drop folder; raises ValidationFailed where IT set none, or it is not there."""
    found = Path(settings.OA_FOLDER) if settings.OA_FOLDER else None
    if found is None or not found.is_dir():
        raise ValidationFailed(
            _("There is no drop folder. IT sets SCRM_OA_FOLDER to a folder this server can read."),
            code="folder_missing",
        )
    return found


def newest(prefix: str) -> Path:
    """Return the newest file that begins so; raises ValidationFailed where none does, or it is still moving."""
    home = folder().resolve()
    try:
        found = [
            (file.stat().st_mtime, file)
            for file in home.iterdir()
            if file.name.lower().startswith(prefix.lower())
            and file.suffix.lower() in KINDS
            and file.is_file()
            and file.resolve().parent == home
        ]
    except OSError:
        raise _unreadable(home.name) from None
    if not found:
        raise ValidationFailed(
            _('The drop folder has no .csv or .xlsx file that begins with "%(prefix)s".')
            % {"prefix": prefix},
            code="folder_empty",
        )
    moved_at, file = max(found)
    if time.time() - moved_at < QUIET_SECONDS:
        raise ValidationFailed(
            _("%(file)s was written just now and may not be whole. Try again in a minute.")
            % {"file": file.name},
            code="file_moving",
        )
    return file


def _unreadable(name: str) -> ValidationFailed:
    return ValidationFailed(
        _("%(file)s cannot be read. IT gives this server's user the right to.") % {"file": name},
        code="file_unreadable",
    )
