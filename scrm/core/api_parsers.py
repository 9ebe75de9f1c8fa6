"""Reads request bodies of the API; apart from api.py because DRF loads it while its own views are imported."""

import hashlib
from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

# 1,000 orders with 50 lines each stay below this.
MOST_BYTES = 20 * 1024 * 1024
# Our own deepest is 5: body, rows, row, lines, line. Far below where Python's recursion ends.
MOST_LEVELS = 20


class BodyTooLarge(APIException):
    """More than we read at once."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"


class StrictJSONParser(BaseParser):
    """JSON of at most 20 MB and 20 levels; refuses what Python's own parser lets through or falls over.

    Half surrogates cannot be stored, NaN is no JSON, and 100,000 brackets end Python's parser with RecursionError.
    Leaves a hash of the bytes on the request as `body_digest`, which tells a repeat from another body.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body as Python values; raises ParseError, BodyTooLarge."""
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(
                _("The body has more than %(most)d MB; send smaller batches.")
                % {"most": MOST_BYTES // 1024 // 1024}
            )
        request = (parser_context or {}).get("request")
        if request is not None:
            request.body_digest = hashlib.sha256(body).digest()
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("Not JSON: %(reason)s") % {"reason": error}) from None
        if _is_deeper(value, MOST_LEVELS):
            raise ParseError(
                _("The body is nested more than %(most)d levels deep.") % {"most": MOST_LEVELS}
            )
        return value


def _is_deeper(value: Any, levels: int) -> bool:
    """Tell whether lists and objects lie in each other more often than that; level by level, not recursive."""
    level = [value] if isinstance(value, dict | list) else []
    for _level in range(levels):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
