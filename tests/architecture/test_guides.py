"""docs/guide: every page of the menu is explained, every picture is there and small."""

import re
from pathlib import Path

import pytest
from django.utils.translation import override
from PIL import Image

from docs.guide.make_screenshots import LANGUAGES, MOST_BYTES, PHONE, shots
from scrm.home.menu import MENU, url_of

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guide"
TWINS = [("hq.md", "hq.zh.md"), ("guides.md", "guides.zh.md")]
PAGES = {"en": ("hq.md", "guides.md"), "zh": ("hq.zh.md", "guides.zh.md")}


def text(name: str) -> str:
    return (GUIDE / name).read_text(encoding="utf-8")


def pictures(name: str) -> list[str]:
    return re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text(name))


@pytest.mark.parametrize(("name", "language"), [("hq.md", "en"), ("hq.zh.md", "zh-hans")])
def test_every_leaf_of_the_menu_is_explained_by_its_name(name: str, language: str) -> None:
    # given the names of all pages as the menu shows them
    with override(language):
        titles = [
            str(leaf.title) for section in MENU for leaf in section.leaves if url_of(leaf.url_name)
        ]
    assert len(titles) > 20

    # then the guide has each as a heading, in bold, or in its table of IT's pages
    found = text(name)
    named = set(re.findall(r"^#+ (.+)$", found, re.M)) | set(
        re.findall(r"^\| ([^|]+) \|", found, re.M)
    )
    assert [title for title in titles if title not in named] == []


@pytest.mark.parametrize(("english", "chinese"), TWINS)
def test_both_languages_have_the_same_chapters_and_pictures(english: str, chinese: str) -> None:
    levels = [re.findall(r"^(#+) ", text(name), re.M) for name in (english, chinese)]
    names = [[Path(picture).name for picture in pictures(name)] for name in (english, chinese)]

    assert levels[0] == levels[1]
    assert names[0] == names[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_is_there_small_and_made_by_the_script(language: str) -> None:
    # given the pictures the guides of one language show
    shown = [picture for name in PAGES[language] for picture in pictures(name)]
    planned = {f"img/{language}/{shot.file}.png": shot for shot in shots()}

    # then the script makes exactly these
    assert sorted(shown) == sorted(planned)
    # and each is there, small, and as wide as the face it shows
    for name, shot in planned.items():
        file = GUIDE / name
        assert file.is_file(), name
        assert file.stat().st_size <= MOST_BYTES, name
        with Image.open(file) as picture:
            assert picture.width == (PHONE["width"] if shot.is_phone else 1280), name


def test_no_picture_is_left_over() -> None:
    planned = {f"{language}/{shot.file}.png" for language in LANGUAGES for shot in shots()}
    kept = {path.relative_to(GUIDE / "img").as_posix() for path in (GUIDE / "img").rglob("*.png")}

    assert kept - planned == set()


@pytest.mark.parametrize("name", [name for pair in TWINS for name in pair])
def test_links_lead_somewhere(name: str) -> None:
    links = [link.split("#")[0] for link in re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", text(name))]

    assert [link for link in links if "://" not in link and not (GUIDE / link).exists()] == []
