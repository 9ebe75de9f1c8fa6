"""The slot for a screenshot beside each set-up step: what is taken, who may, what is kept."""

import io
import struct
import subprocess
import sys
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.setup_models import StepPicture
from scrm.setup import pictures, services
from scrm.setup.steps import STEPS
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
RED, BLUE = (200, 10, 10), (10, 10, 200)


def picture(
    colour: tuple[int, int, int] = RED, size: tuple[int, int] = (320, 200), kind: str = "PNG"
) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def upload(console: Client, step: str, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("screen.png", content, content_type="image/png")
    values = {"picture-caption": "The page of the app", **fields}
    return console.post(f"/console/setup/{step}/picture/add/", {"picture-picture": file, **values})


def colour_of(answer: Any) -> Any:
    with Image.open(io.BytesIO(answer.content)) as image:
        return image.getpixel((5, 5))


def test_every_step_has_a_slot_that_says_what_it_is_for(console: Client) -> None:
    for step in STEPS:
        page = console.get(f"/console/setup/{step.key}/").content.decode()
        assert "No picture yet." in page
        assert f"/console/setup/{step.key}/picture/add/" in page
        assert console.get(f"/console/setup/{step.key}/picture/").status_code == 404


def test_an_uploaded_picture_is_shown_beside_its_step_only(console: Client, editor: User) -> None:
    # when a picture is put beside one step
    assert upload(console, "app", picture()).status_code == 302

    # then its page shows it with caption, age and person, and the picture's address gives it
    page = console.get("/console/setup/app/").content.decode()
    assert 'alt="The page of the app"' in page
    assert 'width="320" height="200"' in page
    assert editor.username in page
    answer = console.get("/console/setup/app/picture/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert colour_of(answer) == RED
    # and no other step does
    assert "No picture yet." in console.get("/console/setup/corp/").content.decode()


def test_a_second_picture_replaces_the_first(console: Client) -> None:
    upload(console, "app", picture(RED))
    upload(console, "app", picture(BLUE), **{"picture-caption": "The new page"})

    assert StepPicture.objects.count() == 1
    assert colour_of(console.get("/console/setup/app/picture/")) == BLUE
    entries = AuditEntry.objects.filter(action="setup.picture_set").order_by("id")
    assert [entry.target for entry in entries] == ["setup:app", "setup:app"]


def test_a_picture_can_be_taken_away(console: Client) -> None:
    upload(console, "app", picture())

    assert console.post("/console/setup/app/picture/remove/").status_code == 302

    assert console.get("/console/setup/app/picture/").status_code == 404
    assert console.post("/console/setup/app/picture/remove/").status_code == 404
    assert AuditEntry.objects.filter(action="setup.picture_remove").count() == 1


def test_seeing_is_not_changing(console: Client, client: Client) -> None:
    # given a stored picture and somebody who may only see
    upload(console, "app", picture(RED))
    viewer = Client()
    viewer.force_login(UserFactory.create(username="setup.view"))

    # then the picture is seen, without a form, and every write is refused
    assert viewer.get("/console/setup/app/picture/").status_code == 200
    assert "/picture/add/" not in viewer.get("/console/setup/app/").content.decode()
    assert upload(viewer, "app", picture(BLUE)).status_code == 403
    assert viewer.post("/console/setup/app/picture/remove/").status_code == 403
    assert colour_of(console.get("/console/setup/app/picture/")) == RED


@pytest.mark.parametrize("role", ["hq_ops", "branch_ops", "auditor"])
def test_only_it_sees_a_picture(role: str, client: Client, request: Any) -> None:
    services.picture_set(
        actor=None, step="app", picture=pictures.drawn(picture()), caption="The app"
    )
    client.force_login(request.getfixturevalue(role))

    assert client.get("/console/setup/app/picture/").status_code == 403
    assert Client().get("/console/setup/app/picture/").status_code == 302
    assert upload(client, "app", picture(BLUE)).status_code == 403
    assert StepPicture.objects.get().caption == "The app"


def test_the_database_holds_no_readable_picture(console: Client) -> None:
    upload(console, "app", picture())

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM core_steppicture")
        stored = bytes(cursor.fetchone()[0])

    assert b"PNG" not in stored
    assert StepPicture.objects.get().content.startswith(b"\x89PNG")


def test_only_pixels_are_kept(console: Client) -> None:
    # given a picture whose hidden text and trailing bytes hold a secret
    hidden, target = PngInfo(), io.BytesIO()
    hidden.add_text("Comment", "secret-in-a-comment")
    Image.new("RGB", (50, 50), RED).save(target, "PNG", pnginfo=hidden)

    upload(console, "app", target.getvalue() + b"<script>secret-behind</script>")

    kept = StepPicture.objects.get().content
    assert b"secret" not in kept
    assert b"script" not in kept


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("PNG", {"icc_profile": b"secret-profile"}),
        ("JPEG", {"comment": b"secret-comment", "icc_profile": b"secret-profile"}),
        ("WEBP", {"xmp": b"secret-notes", "icc_profile": b"secret-profile"}),
    ],
)
def test_no_words_of_the_file_are_kept(kind: str, extra: dict[str, Any]) -> None:
    exif, target = Image.Exif(), io.BytesIO()
    exif[0x010E] = "secret-description"
    Image.effect_noise((900, 900), 90).convert("RGB").save(target, kind, exif=exif, **extra)

    with Image.open(io.BytesIO(target.getvalue())) as sent:
        assert {"icc_profile", *extra} <= set(sent.info)
    kept = pictures.drawn(target.getvalue()).content
    assert b"secret" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not {"icc_profile", "exif", "xmp", "comment"} & set(image.info)


ORIENTED = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}


@pytest.mark.parametrize("orientation", ORIENTED)
def test_a_photograph_is_stored_upright(orientation: int) -> None:
    # given a picture of 40 x 20 with a red corner, and the camera's word of how it was held
    sent = Image.new("RGB", (40, 20), (255, 255, 255))
    sent.paste(RED, (0, 0, 8, 8))
    exif, target = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    sent.save(target, "PNG", exif=exif)

    # when
    kept = pictures.drawn(target.getvalue())

    # then the red corner is where the viewer of a camera would show it
    assert (kept.width, kept.height) == ((40, 20) if orientation < 5 else (20, 40))
    right, low = ORIENTED[orientation]
    with Image.open(io.BytesIO(kept.content)) as image:
        assert image.getpixel(((kept.width - 1) * right, (kept.height - 1) * low)) == RED


def test_broken_notes_of_the_camera_do_not_spoil_the_picture() -> None:
    # given notes that name a width which is a text
    exif, target = Image.Exif(), io.BytesIO()
    exif[0x010E], exif[0x0112], exif[0x8769] = "hello", 6, {0x9003: "x"}
    Image.effect_noise((40, 30), 50).convert("RGB").save(target, "JPEG", exif=exif)
    sent = target.getvalue().replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02")
    assert sent != target.getvalue()

    # then it is drawn, turned as its notes say
    kept = pictures.drawn(sent)
    assert (kept.width, kept.height) == (30, 40)


def test_see_through_parts_are_white() -> None:
    for image in (
        Image.new("RGBA", (2000, 600), (200, 0, 0, 0)),
        Image.new("LA", (30, 20), (9, 0)),
        Image.new("RGB", (30, 20), RED),
    ):
        target = io.BytesIO()
        image.save(target, "PNG", **({"transparency": RED} if image.mode == "RGB" else {}))
        with Image.open(io.BytesIO(pictures.drawn(target.getvalue()).content)) as kept:
            assert kept.getcolors() == [(kept.width * kept.height, (255, 255, 255))]


PEAK = """
import sys
from django.conf import settings
settings.configure(USE_I18N=False)
from scrm.setup import pictures

def most():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])

sent = sys.stdin.buffer.read()
pictures.Image.init()
before = most()
pictures.drawn(sent)
print((most() - before) // 1024)
"""


@pytest.mark.parametrize(
    ("mode", "kind", "megabytes"),
    [("RGB", "PNG", 130), ("RGBA", "PNG", 200), ("RGB", "JPEG", 80), ("RGB", "WEBP", 300)],
)
def test_the_largest_picture_takes_bounded_memory(mode: str, kind: str, megabytes: int) -> None:
    target = io.BytesIO()
    Image.new(mode, (5000, 3200), RED if mode == "RGB" else (*RED, 200)).save(target, kind)

    done = subprocess.run(
        [sys.executable, "-c", PEAK], input=target.getvalue(), capture_output=True, check=True
    )

    assert 0 < int(done.stdout) < megabytes


def test_a_large_picture_is_made_small_and_a_photograph_becomes_a_jpeg() -> None:
    wide = pictures.drawn(picture(size=(4000, 1000)))
    assert (wide.width, wide.height, wide.content_type) == (1600, 400, "image/png")

    noise = Image.effect_noise((1500, 1200), 90)
    target = io.BytesIO()
    noise.save(target, "PNG")
    photograph = pictures.drawn(target.getvalue())
    assert photograph.content_type == "image/jpeg"
    assert len(photograph.content) < 2 * pictures.MEGABYTE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_each_common_kind_is_taken(kind: str) -> None:
    assert pictures.drawn(picture(kind=kind)).width == 320


def bomb() -> bytes:
    """A PNG of some hundred bytes that says it has 900 million pixels."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The submitted file is empty."),
        (b"no picture at all", "This is no PNG, JPEG or WebP picture."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "This is no PNG"),
        (picture(kind="GIF"), "This is no PNG"),
        (picture()[:60], "This is no PNG"),
        (bomb(), "The picture has too many pixels"),
        (picture() + b"\0" * pictures.MOST_BYTES, "nor larger than 5 MB"),
    ],
    ids=["empty", "text", "svg", "gif", "cut", "bomb", "large"],
)
def test_what_is_no_picture_is_refused_beside_its_field(
    console: Client, content: bytes, words: str
) -> None:
    answer = upload(console, "app", content)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert StepPicture.objects.count() == 0


def test_a_picture_needs_words_and_a_known_step(console: Client) -> None:
    assert upload(console, "app", picture(), **{"picture-caption": " "}).status_code == 422
    assert upload(console, "app", picture(), **{"picture-caption": "x" * 121}).status_code == 422
    assert upload(console, "nothing", picture()).status_code == 404
    assert console.get("/console/setup/nothing/picture/").status_code == 404
    assert StepPicture.objects.count() == 0


def test_a_caption_is_text_and_never_markup(console: Client) -> None:
    upload(console, "app", picture(), **{"picture-caption": '"><script>alert(1)</script>'})

    assert "<script>alert" not in console.get("/console/setup/app/").content.decode()


def test_a_picture_of_another_key_is_not_found(console: Client) -> None:
    upload(console, "app", picture())
    row = StepPicture.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_steppicture SET content = content || '\\x00'::bytea")

    assert console.get("/console/setup/app/picture/").status_code == 404
    assert upload(console, "app", picture(BLUE)).status_code == 302
    assert StepPicture.objects.get().pk == row.pk
    assert colour_of(console.get("/console/setup/app/picture/")) == BLUE


def test_the_slot_speaks_chinese(console: Client) -> None:
    console.cookies["django_language"] = "zh-hans"

    assert "还没有截图" in console.get("/console/setup/app/").content.decode()
