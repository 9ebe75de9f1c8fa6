"""WeCom's picture is read, and drawn again so that a printer and a phone like it."""

import io

import pytest
import segno
from PIL import Image

from attribution.live_codes.pictures import SIZES, link_in, print_ready
from scrm.core.exceptions import ExternalFailure

LINK = "https://work.weixin.qq.com/u/vc0123456789abcdef"


def wecoms_picture(text: str) -> bytes:
    """A picture as WeCom serves it."""
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind="png", scale=8, border=4)
    return picture.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_the_drawn_code_holds_the_link_of_wecoms_picture(size: int) -> None:
    link = link_in(wecoms_picture(LINK))
    drawn = print_ready(link, size)

    assert link == LINK
    assert link_in(drawn) == LINK
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (size, size)
        # Only black and white: no blurred edge of a module.
        assert set(image.convert("L").tobytes()) == {0, 255}


@pytest.mark.parametrize("picture", [b"", b"<html>", wecoms_picture("just text")])
def test_a_picture_without_a_link_is_a_failure_in_words(picture: bytes) -> None:
    with pytest.raises(ExternalFailure) as caught:
        link_in(picture)
    assert caught.value.code == "picture_unreadable"
