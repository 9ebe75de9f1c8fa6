"""What may be uploaded: known by its first bytes, pictures drawn anew (A18)."""

import io
import zipfile
from typing import Any

import pytest
from PIL import Image

from materials.library import files
from materials.library.files import file_take
from materials.library.models import StoredFile
from scrm.core.exceptions import ValidationFailed
from tests.factories.materials import picture, upload

pytestmark = pytest.mark.django_db
Kind = StoredFile.Kind
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
MP4 = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 64


def office(folder: str, *more: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("[Content_Types].xml", f"{folder}/document.xml", *more):
            archive.writestr(name, "<x/>")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (SVG, Kind.IMAGE, "picture_unknown"),
        (b"<!doctype html><script>alert(1)</script>", Kind.IMAGE, "picture_unknown"),
        (b"GIF89a<script>alert(1)</script>" + b"\x00" * 40, Kind.IMAGE, "picture_unknown"),
        (b"\x89PNG\r\n\x1a\n" + SVG, Kind.IMAGE, "picture_unknown"),
        (b"%PDF-1.4 not a picture", Kind.IMAGE, "picture_unknown"),
        (SVG, Kind.VIDEO, "video_unknown"),
        (SVG, Kind.FILE, "document_unknown"),
        (b"<html></html>%PDF-1.4", Kind.FILE, "document_unknown"),
        (b"PK\x03\x04" + b"\x00" * 60, Kind.FILE, "document_unknown"),
        (office("other"), Kind.FILE, "document_unknown"),
        (office("word", "word/vbaProject.bin"), Kind.FILE, "document_macros"),
        (b"x", Kind.FILE, "file_size"),
    ],
)
def test_what_is_not_of_the_kind_is_refused(content: bytes, kind: Any, code: str) -> None:
    # when something else comes under a harmless name
    with pytest.raises(ValidationFailed) as refused:
        file_take(upload(content, "harmless.png"), kind, actor=None)

    # then it is named and nothing is kept
    assert refused.value.code == code
    assert StoredFile.objects.count() == 0


def test_a_picture_is_drawn_anew_without_what_travelled_inside_it() -> None:
    # given a JPEG that carries a place and a script behind its last byte
    image = Image.new("RGB", (300, 200), "red")
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    drawn = io.BytesIO()
    image.save(drawn, "JPEG", exif=exif)

    # when it is taken
    stored = file_take(
        upload(drawn.getvalue() + b"<script>alert(1)</script>", '..\\x".jpg'),
        Kind.IMAGE,
        actor=None,
    )

    # then neither is in what we keep
    kept = stored.content.read()
    assert (b"secret place" in kept, b"<script>" in kept) == (False, False)
    assert (stored.content_type, stored.width, stored.height) == ("image/jpeg", 300, 200)
    assert len(stored.token) == 22
    assert "/" not in stored.filename


def test_large_pictures_shrink_and_see_through_ones_stay_so() -> None:
    wide = file_take(upload(picture((4000, 1000))), Kind.IMAGE, actor=None)
    clear = file_take(upload(picture((50, 50), mode="RGBA")), Kind.IMAGE, actor=None)

    assert (wide.width, wide.height, wide.extension) == (2160, 540, "jpg")
    assert clear.extension == "png"
    assert Image.open(clear.thumb).format == "JPEG"


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_read(monkeypatch: Any) -> None:
    monkeypatch.setattr(files, "MOST_PIXELS", 100)

    with pytest.raises(ValidationFailed) as refused:
        file_take(upload(picture((20, 20))), Kind.IMAGE, actor=None)

    assert refused.value.code == "picture_too_large"


@pytest.mark.parametrize(
    ("content", "kind", "extension"),
    [
        (MP4, Kind.VIDEO, "mp4"),
        (b"%PDF-1.7\n1 0 obj", Kind.FILE, "pdf"),
        (office("ppt"), Kind.FILE, "pptx"),
    ],
)
def test_videos_and_documents_are_known_by_their_bytes(
    content: bytes, kind: Any, extension: str
) -> None:
    stored = file_take(upload(content, "报价.exe"), kind, actor=None)

    assert (stored.extension, stored.filename) == (extension, f"报价.{extension}")
    assert stored.content.read() == content
