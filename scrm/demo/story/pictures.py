"""Pictures of the demo's library, drawn here: quiet rooms in flat colours."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIZE = (1000, 800)
WALL, FLOOR = "#efe7dc", "#d8c6ae"


def picture(name: str) -> bytes:
    """Return a PNG by name: sofa, room, party, plan, bedroom, gift."""
    image = Image.new("RGB", SIZE, WALL)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 600, 1000, 800), fill=FLOOR)
    _DRAWN[name](draw)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _sofa(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((160, 330, 840, 560), 50, fill="#8fa3a6")
    draw.rounded_rectangle((110, 430, 240, 640), 40, fill="#7b9094")
    draw.rounded_rectangle((760, 430, 890, 640), 40, fill="#7b9094")
    draw.rounded_rectangle((210, 480, 790, 640), 30, fill="#a7b8ba")
    draw.rounded_rectangle((260, 400, 400, 520), 24, fill="#e0a96d")
    draw.rectangle((200, 640, 230, 690), fill="#5b4636")
    draw.rectangle((770, 640, 800, 690), fill="#5b4636")


def _room(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((90, 120, 360, 440), fill="#cfe3ea", outline="#ffffff", width=14)
    draw.line((225, 120, 225, 440), fill="#ffffff", width=10)
    _sofa(draw)
    draw.ellipse((430, 660, 700, 740), fill="#b98d62")


def _party(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 1000, 800), fill="#c8402f")
    for place, colour in enumerate(("#f6d27a", "#ffffff", "#f2a65a", "#f6d27a", "#ffffff")):
        left = 110 + place * 170
        draw.ellipse((left, 140 + place % 2 * 60, left + 110, 270 + place % 2 * 60), fill=colour)
    draw.rounded_rectangle((260, 430, 740, 650), 30, fill="#ffffff")
    draw.rectangle((480, 430, 520, 650), fill="#f6d27a")


def _plan(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 1000, 800), fill="#eef3f6")
    for box in (
        (150, 150, 550, 400),
        (550, 150, 850, 400),
        (150, 400, 420, 650),
        (420, 400, 850, 650),
    ):
        draw.rectangle(box, outline="#3d5a6c", width=12)
    draw.rounded_rectangle((200, 200, 420, 290), 16, fill="#9db9c7")
    draw.rounded_rectangle((600, 470, 780, 590), 16, fill="#e0a96d")


def _bedroom(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((180, 280, 820, 470), 20, fill="#9a7652")
    draw.rounded_rectangle((180, 420, 820, 680), 30, fill="#f7f5f1")
    draw.rounded_rectangle((240, 380, 450, 470), 30, fill="#ffffff")
    draw.rounded_rectangle((550, 380, 760, 470), 30, fill="#ffffff")
    draw.rectangle((180, 540, 820, 680), fill="#7e9a8b")


def _gift(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 0, 1000, 800), fill="#f6d27a")
    draw.rounded_rectangle((300, 280, 700, 640), 24, fill="#c8402f")
    draw.rectangle((470, 280, 530, 640), fill="#ffffff")
    draw.rectangle((300, 400, 700, 450), fill="#ffffff")


_DRAWN: dict[str, Callable[[ImageDraw.ImageDraw], None]] = {
    "sofa": _sofa, "room": _room, "party": _party, "plan": _plan, "bedroom": _bedroom, "gift": _gift,
}  # fmt: skip
