"""HQ fills the library of materials through the console's forms."""

import re

from django.urls import reverse

from scrm.demo import figures
from scrm.demo.names import names
from scrm.demo.story.doors import Files
from scrm.demo.story.pictures import picture
from scrm.demo.story.play import Play
from scrm.demo.story.report import WrongFigureError

TEXTS = ("title", "summary", "body", "text", "url", "appid", "page")
PICTURES = ("file", "cover")
OPTION = r'<option value="(\d+)"[^>]*>[^<]*{}</option>'


def publish(play: Play) -> None:
    """Make the categories, write every material, hand it in; what may wait for a reviewer waits."""
    library = names()["library"]
    for category in library["categories"]:
        play.hq.send(reverse("materials:categories"), {"name": category, "parent": ""})
    for wish in library["material"]:
        _make(play, wish)
    titles = [wish["title"] for wish in library["material"]]
    # The last one rewards sharing; nobody may publish that without a reviewer.
    expected = dict.fromkeys(titles[:-1], "published") | {titles[-1]: "review"}
    play.report.equal("materials published, the doubtful one waits", figures.materials(), expected)


def _make(play: Play, wish: dict[str, str]) -> None:
    """Make one material and hand it in."""
    create = reverse("materials:create", args=[wish["kind"]])
    fields = {name: wish[name].strip() for name in TEXTS if name in wish}
    fields["category"] = _option(play.hq.page(create), wish["category"])
    files: Files = {
        name: (f"{wish[name]}.png", picture(wish[name])) for name in PICTURES if name in wish
    }
    page = play.hq.send(create, fields, files).url
    play.hq.send(f"{page.rstrip('/')}/hand-in/", {}, page=page)


def _option(html: str, label: str) -> str:
    found = re.search(OPTION.format(re.escape(label)), html)
    if found is None:
        raise WrongFigureError(f"The form offers no category {label}")
    return found[1]
