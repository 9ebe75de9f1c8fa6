"""Pictures of goods: taken in as what they show, kept as small JPEGs under a random name."""

import io
import warnings

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from scrm.core.exceptions import ValidationFailed

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 640
FORMATS = ("PNG", "JPEG", "WEBP")


def place_of(token: str) -> str:
    """Return where a picture lies."""
    return f"goods/{token[:2]}/{token}.jpg"


def drawn_anew(content: bytes) -> bytes:
    """Return a picture as a JPEG of at most 640 pixels a side, without what else was in the file.

    Raises ValidationFailed for anything that is not a PNG, JPEG or WebP picture.
    """
    if len(content) > MOST_BYTES:
        raise ValidationFailed(
            _("The picture is larger than %(limit)d MB.") % {"limit": MOST_BYTES // 1024 // 1024},
            code="picture_too_large",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise ValidationFailed(
                    _("The picture has too many pixels; 40 million are the limit."),
                    code="picture_too_large",
                )
            return _small(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):  # fmt: skip
        raise ValidationFailed(
            _("This is no PNG, JPEG or WebP picture."), code="picture_unknown"
        ) from None


def _small(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    page = Image.new("RGB", upright.size, "white")
    page.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    page.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()
