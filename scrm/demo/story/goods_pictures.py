"""Pictures of the demo's goods, drawn here: one thing on a light ground, in flat colours."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE = (480, 480)
GROUND, WOOD, DARK = "#f3eee7", "#b98d62", "#5b4636"


def picture(name: str) -> bytes:
    """Return a PNG by name: sofa, leather, bed, mattress, table, chair, lamp, rug."""
    image = Image.new("RGB", SIZE, GROUND)
    _DRAWN[name](ImageDraw.Draw(image))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _seat(draw: ImageDraw.ImageDraw, body: str, cushion: str) -> None:
    draw.rounded_rectangle((60, 170, 420, 300), 30, fill=body)
    draw.rounded_rectangle((40, 230, 110, 350), 24, fill=body)
    draw.rounded_rectangle((370, 230, 440, 350), 24, fill=body)
    draw.rounded_rectangle((90, 250, 390, 350), 18, fill=cushion)
    draw.rectangle((90, 350, 106, 385), fill=DARK)
    draw.rectangle((374, 350, 390, 385), fill=DARK)


def _sofa(draw: ImageDraw.ImageDraw) -> None:
    _seat(draw, "#9fb1b4", "#c3d0d1")


def _leather(draw: ImageDraw.ImageDraw) -> None:
    _seat(draw, "#a4623a", "#bf7d52")


def _bed(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((70, 120, 410, 250), 16, fill=WOOD)
    _mattress(draw)
    draw.rectangle((70, 330, 410, 370), fill=WOOD)


def _mattress(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((70, 230, 410, 340), 24, fill="#ffffff", outline="#d9d2c8", width=4)
    draw.rounded_rectangle((100, 200, 220, 245), 16, fill="#ffffff", outline="#d9d2c8", width=4)
    draw.rounded_rectangle((260, 200, 380, 245), 16, fill="#ffffff", outline="#d9d2c8", width=4)


def _table(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((50, 190, 430, 220), 8, fill="#e9e9ea", outline="#c9c9cc", width=3)
    draw.polygon(((110, 220), (140, 220), (120, 390), (100, 390)), fill=DARK)
    draw.polygon(((340, 220), (370, 220), (380, 390), (360, 390)), fill=DARK)


def _chair(draw: ImageDraw.ImageDraw) -> None:
    draw.arc((150, 90, 330, 290), 180, 360, fill=WOOD, width=16)
    draw.rectangle((150, 190, 165, 250), fill=WOOD)
    draw.rectangle((315, 190, 330, 250), fill=WOOD)
    draw.rounded_rectangle((140, 250, 340, 280), 10, fill=WOOD)
    for left in (155, 310):
        draw.rectangle((left, 280, left + 14, 400), fill=WOOD)


def _lamp(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(((180, 90), (300, 90), (340, 210), (140, 210)), fill="#f6d27a")
    draw.rectangle((235, 210, 245, 390), fill=DARK)
    draw.ellipse((190, 380, 290, 405), fill=DARK)


def _rug(draw: ImageDraw.ImageDraw) -> None:
    draw.ellipse((60, 150, 420, 350), fill="#d9c7a8")
    draw.ellipse((110, 180, 370, 320), outline="#b79f78", width=6)


_DRAWN: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "sofa": _sofa, "leather": _leather, "bed": _bed, "mattress": _mattress, "table": _table, "chair": _chair,
    "lamp": _lamp, "rug": _rug,
}  # fmt: skip
