"""Refuses archives that are not what they seem, from their directory alone: nothing is inflated."""

import zipfile
from typing import IO

from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

MAX_UPLOAD_BYTES = 20 * 1024 * 1024
MAX_INFLATED_BYTES = 50 * 1024 * 1024
MAX_ENTRIES = 200
MAX_RATIO = 100


def refuse_bombs(file: IO[bytes]) -> None:
    """Raise ValidationFailed for an archive that is broken, locked, or would grow too much.

    A lying directory does no harm: zipfile stops at the size declared there and then fails its checksum.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ValidationFailed(
            _("This file is damaged or not an Excel workbook. Save it again as .xlsx."),
            code="file_damaged",
        ) from None
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
