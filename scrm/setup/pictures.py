"""Draws an uploaded screenshot anew: what is stored holds pixels only, in a size a page can carry."""

import io
import threading
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image

from scrm.core.exceptions import ValidationFailed

MEGABYTE = 1024 * 1024
MOST_BYTES = 5 * MEGABYTE
# One screen at 5K; refused before a pixel is read. A decoder takes 4 to 16 bytes for each.
MOST_PIXELS = 16_000_000
LONGEST_SIDE = 1600
# A screenshot is smaller than this as PNG; what is not is a photograph, and becomes a JPEG.
MOST_PNG_BYTES = MEGABYTE
FORMATS = ("PNG", "JPEG", "WEBP")
# These resize well as they are; all others are laid on white paper first.
_PLAIN_MODES = ("RGB", "L")
_BAND = 256
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# One picture at a time in a process: uploads that come together must not add up their memory.
_drawing = threading.Lock()


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
    with _drawing:
        image = _opened(sent)
        content, content_type = _saved(image, "PNG"), "image/png"
        if len(content) > MOST_PNG_BYTES:
            content, content_type = _saved(image, "JPEG"), "image/jpeg"
    return Drawn(content, content_type, image.width, image.height)


def _opened(sent: bytes) -> Image.Image:
    """Return the first frame, small and upright, without what the camera or the screen tool wrote into it."""
    try:
        with Image.open(io.BytesIO(sent), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _too_large()
            turn = _UPRIGHT.get(_orientation(image))
            small = _small(image)
    except ValidationFailed:
        raise
    except Image.DecompressionBombError:
        raise _too_large() from None
    except Exception:  # noqa: BLE001 - decoders fail on foreign bytes with anything: struct.error, IndexError …
        raise ValidationFailed(
            _("This is no PNG, JPEG or WebP picture."), code="picture_unknown"
        ) from None
    return small if turn is None else small.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """Return the one entry of the camera's notes that matters; the others are not read, for they may be broken."""
    try:
        found = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - broken notes do not spoil the picture
        return 0
    return found if isinstance(found, int) else 0


def _small(image: Image.Image) -> Image.Image:
    """Return the pixels, made small before anything else is made of them."""
    # A JPEG is decoded to a part of its size at once.
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    if image.mode not in _PLAIN_MODES or "transparency" in image.info:
        image = _on_white(image)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    bare = image.convert("RGB")
    # Comments, colour profiles and the like would be written into the new file.
    bare.info.clear()
    return bare


def _on_white(image: Image.Image) -> Image.Image:
    """Lay a picture on white paper band by band: never are all of its pixels converted at once."""
    paper = Image.new("RGB", image.size, (255, 255, 255))
    for top in range(0, image.height, _BAND):
        band = image.crop((0, top, image.width, min(top + _BAND, image.height))).convert("RGBA")
        paper.paste(band, (0, top), band)
    return paper


def _too_large() -> ValidationFailed:
    return ValidationFailed(
        _("The picture has too many pixels; %(limit)d million are the limit.")
        % {"limit": MOST_PIXELS // 1_000_000},
        code="picture_too_large",
    )


def _saved(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, optimize=True, **({"quality": 86} if kind == "JPEG" else {}))
    return target.getvalue()
