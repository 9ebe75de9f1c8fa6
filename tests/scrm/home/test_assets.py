"""The copy of front-end files: only served files, licences beside them, no reference to what is not there."""

import json
import re
from pathlib import Path

import pytest

from scrm.home.assets import AssetsMissingError, copy_assets

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with just enough of node_modules."""
    for package, file in [
        ("@tabler/core", "dist/css/tabler.min.css"),
        ("@tabler/core", "dist/js/tabler.min.js"),
        ("htmx.org", "dist/htmx.min.js"),
        ("@alpinejs/csp", "dist/cdn.min.js"),
        ("weui", "dist/style/weui.min.css"),
        ("@wecom/jssdk", "dist/wecom.global.prod.js"),
    ]:
        path = tmp_path / "node_modules" / package / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("body{}\n/*# sourceMappingURL=x.map */\n")
        (tmp_path / "node_modules" / package / "package.json").write_text(
            json.dumps({"version": "1", "license": "MIT"})
        )
    icons = tmp_path / "node_modules" / "@tabler/icons"
    (icons / "icons/outline").mkdir(parents=True)
    (icons / "package.json").write_text(json.dumps({"version": "1", "license": "MIT"}))
    (icons / "LICENSE").write_text("MIT")
    listed = re.findall(
        r'"([a-z0-9-]+)"', (ROOT / "scrm/home/assets.toml").read_text().split("icons = [")[1]
    )
    for name in listed:
        (icons / f"icons/outline/{name}.svg").write_text("<svg>\n<path d='M0 0'/></svg>")
    return tmp_path


def test_only_named_files_are_served_without_source_maps(checkout):
    written = copy_assets(checkout)

    assert written == [
        "LICENSE.tabler-icons.txt",
        "PACKAGES.txt",
        "alpine-csp.min.js",
        "htmx.min.js",
        "icons.svg",
        "tabler.min.css",
        "tabler.min.js",
        "wecom.js",
        "weui.min.css",
    ]
    assert "sourceMappingURL" not in (checkout / "static/vendor/tabler.min.css").read_text()
    assert '<symbol id="home"' in (checkout / "static/vendor/icons.svg").read_text()


def test_a_second_copy_replaces_the_first(checkout):
    copy_assets(checkout)
    (checkout / "static/vendor/old.js").write_text("")

    copy_assets(checkout)

    assert not (checkout / "static/vendor/old.js").exists()


def test_without_npm_the_words_say_what_to_run_and_the_old_files_stay(checkout):
    copy_assets(checkout)
    (checkout / "node_modules/htmx.org/dist/htmx.min.js").unlink()

    with pytest.raises(AssetsMissingError, match="npm ci"):
        copy_assets(checkout)

    assert (checkout / "static/vendor/htmx.min.js").exists()
    assert [path.name for path in (checkout / "static").iterdir()] == ["vendor"]


def test_every_icon_that_a_template_or_the_menu_names_is_in_the_sprite():
    sprite = (ROOT / "scrm/home/assets.toml").read_text().split("icons = [")[1]
    known = set(re.findall(r'"([a-z0-9-]+)"', sprite))
    named = set(
        re.findall(
            r'Leaf\("[^"]+", "[^"]+", _\("[^"]+"\), "([^"]+)"\)',
            (ROOT / "scrm/home/menu.py").read_text(),
        )
    )
    for template in (ROOT / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([^"]+)" %}', template.read_text()))

    assert named - known == set()


def test_the_lockfile_names_no_registry():
    text = (ROOT / "package-lock.json").read_text()

    assert "resolved" not in text
    assert "registry" not in text
