"""QR pictures: reads WeCom's, draws print-ready ones of the same link."""

import io

import segno
import zxingcpp
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from scrm.core.exceptions import ExternalFailure

SIZES = (300, 600, 1280)
QUIET_MODULES = 4
# A QR picture of WeCom's is about 430 pixels wide; larger than this is none.
_MOST_PIXELS = 4000 * 4000


def link_in(picture: bytes) -> str:
    """Return the link inside of a QR picture; raises ExternalFailure when there is none to read."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ExternalFailure(
                    _("The picture of the code is too large."), code="picture_too_large"
                )
            codes = zxingcpp.read_barcodes(image.convert("L"))
    except (UnidentifiedImageError, OSError):
        codes = []
    links = [code.text for code in codes if code.text.startswith(("https://", "http://"))]
    if not links:
        raise ExternalFailure(_("The picture holds no readable code."), code="picture_unreadable")
    return str(links[0])


def print_ready(link: str, size: int) -> bytes:
    """Return a PNG of exactly `size` pixels: whole pixels a module, white around, 25 % of damage survived."""
    code = segno.make_qr(link, error="q", boost_error=False)
    modules = code.symbol_size(scale=1, border=QUIET_MODULES)[0]
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=max(1, size // modules), border=QUIET_MODULES)
    canvas = Image.new("L", (size, size), 255)
    with Image.open(drawn) as image:
        offset = (size - image.width) // 2
        canvas.paste(image.convert("L"), (offset, offset))
    result = io.BytesIO()
    canvas.save(result, "PNG", optimize=True)
    return result.getvalue()
