"""Finds the columns of an uploaded file by the names people give them; the names are data."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from scrm.core.exceptions import ValidationFailed

BRACKETS = re.compile(r"\(.*?\)")


def folded(text: str) -> str:
    """Return a header or word without case, blanks, width and what stands in brackets."""
    plain = BRACKETS.sub("", unicodedata.normalize("NFKC", text)).lower()
    return "".join(plain.replace("*", "").split())


def match_headers(
    names: Mapping[str, Sequence[str]], headers: Sequence[str], *, required: Sequence[str]
) -> dict[str, str]:
    """Return field → header of a file; `names` lists the spellings of each field.

    Raises ValidationFailed that names the missing columns and the headers the file has.
    """
    by_folded = {folded(header): header for header in reversed(headers) if header.strip()}
    found: dict[str, str] = {}
    for field, spellings in names.items():
        keys = [folded(name) for name in spellings]
        header = next((by_folded[key] for key in keys if key in by_folded), None)
        if header is not None:
            found[field] = header
    missing = [names[field][0] for field in required if field not in found]
    if missing:
        raise ValidationFailed(
            _(
                "The file has no column %(missing)s. It has: %(headers)s. Rename the columns as in the template."
            )
            % {
                "missing": ", ".join(missing),
                "headers": ", ".join(filter(None, headers)) or _("none"),
            },
            code="columns_missing",
            missing=missing,
        )
    return found
