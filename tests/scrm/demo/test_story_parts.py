"""What the story brings along: pictures, materials, steps."""

import io

import pytest
from PIL import Image

from materials.library.models import Material
from materials.library.sharing_check import findings_in
from scrm.demo.names import names
from scrm.demo.story.pictures import SIZE, picture

MATERIALS = names()["library"]["material"]


@pytest.mark.parametrize(
    "name", sorted({each[part] for each in MATERIALS for part in ("file", "cover") if part in each})
)
def test_every_picture_of_the_library_is_drawn(name: str) -> None:
    drawn = picture(name)

    image = Image.open(io.BytesIO(drawn))
    assert (image.format, image.size) == ("PNG", SIZE)
    assert len(image.convert("RGB").getcolors(maxcolors=1 << 20) or ()) >= 3
    assert picture(name) == drawn


def test_only_the_last_material_has_to_wait_for_a_reviewer() -> None:
    words = ("title", "summary", "text", "body")
    doubtful = [
        bool(findings_in([str(each.get(name, "")) for name in words])) for each in MATERIALS
    ]

    assert doubtful == [False] * (len(MATERIALS) - 1) + [True]


def test_the_library_shows_most_types_and_knows_its_categories() -> None:
    kinds = {each["kind"] for each in MATERIALS}

    assert kinds == {"article", "poster", "link", "mini_program", "text", "image"}
    assert kinds <= set(Material.Kind.values)
    assert {each["category"] for each in MATERIALS} <= set(names()["library"]["categories"])
