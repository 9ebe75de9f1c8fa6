"""Refuses archives that are not what they seem, from their directory alone: nothing is inflated."""

import zipfile
from typing import IO

from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

MAX_UPLOAD_BYTES = 20 * 1024 * 1024
MAX_INFLATED_BYTES = 50 * 1024 * 1024
MAX_ENTRIES = 200
MAX_RATIO = 100


def no_workbook(filename: str) -> ValidationFailed:
    """Return the refusal of what is called a workbook and is none; of two files a person hands in it says which."""
    words = _(
        "%(file)s cannot be read: it is damaged or not an Excel workbook. Open it in Excel and save it again as .xlsx."
    )
    return ValidationFailed(words % {"file": filename}, code="file_damaged")


def refuse_bombs(file: IO[bytes], filename: str) -> None:
    """Raise ValidationFailed for an archive that is broken, locked, or would grow too much.

    A lying directory does no harm: zipfile stops at the size declared there and then fails its checksum.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError):
        raise no_workbook(filename) from None
    finally:
        file.seek(0)
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise ValidationFailed(
            _("This workbook has a password. Remove it and send the file again."),
            code="file_locked",
        )
    inflated = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MAX_ENTRIES or inflated > MAX_INFLATED_BYTES or inflated > packed * MAX_RATIO:
        raise ValidationFailed(
            _("This file would grow too large when opened. Send a smaller one."),
            code="file_too_large",
            inflated=inflated,
        )
