"""Draws an uploaded screenshot anew: what is stored holds pixels only, in a size a page can carry."""

import io
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from scrm.core.exceptions import ValidationFailed

MEGABYTE = 1024 * 1024
MOST_BYTES = 5 * MEGABYTE
# Two screens side by side at 5K; refused before a pixel is read, for 30 million pixels are 90 MB of memory.
MOST_PIXELS = 30_000_000
LONGEST_SIDE = 1600
# A screenshot is smaller than this as PNG; what is not is a photograph, and becomes a JPEG.
MOST_PNG_BYTES = MEGABYTE
FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class Drawn:
    """A picture fit to be stored."""

    content: bytes
    content_type: str
    width: int
    height: int


def drawn(sent: bytes) -> Drawn:
    """Return a picture as we draw it; raises ValidationFailed for what is too large or no picture."""
    if not 0 < len(sent) <= MOST_BYTES:
        raise ValidationFailed(
            _("The picture must not be empty nor larger than %(limit)d MB.")
            % {"limit": MOST_BYTES // MEGABYTE},
            code="picture_size",
        )
    image = _opened(sent)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    content, content_type = _saved(image, "PNG"), "image/png"
    if len(content) > MOST_PNG_BYTES:
        content, content_type = _saved(image, "JPEG"), "image/jpeg"
    return Drawn(content, content_type, image.width, image.height)


def _opened(sent: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _too_large()
            # The first frame, upright, without what the camera or the screen tool wrote into it.
            upright = ImageOps.exif_transpose(image)
            upright.load()
    except Image.DecompressionBombError:
        raise _too_large() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise ValidationFailed(
            _("This is no PNG, JPEG or WebP picture."), code="picture_unknown"
        ) from None
    paper = Image.new("RGBA", upright.size, (255, 255, 255, 255))
    paper.alpha_composite(upright.convert("RGBA"))
    return paper.convert("RGB")


def _too_large() -> ValidationFailed:
    return ValidationFailed(
        _("The picture has too many pixels; 30 million are the limit."), code="picture_too_large"
    )


def _saved(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, optimize=True, **({"quality": 86} if kind == "JPEG" else {}))
    return target.getvalue()
