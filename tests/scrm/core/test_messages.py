"""The catalogue tool: what it takes in, what it refuses, and that a second run changes nothing."""

import gettext
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from scrm.core.management.commands.messages import catalogue_path, extracted, problems_of, update

PYTHON = """
from django.utils.translation import gettext as _, ngettext

def words(n):
    _("Hello %(name)s") % {"name": "x"}
    return ngettext("%(n)d row", "%(n)d rows", n) % {"n": n}
"""
TEMPLATE = """{% load i18n %}
<div>
    {% if x %}
      <p title="{% translate 'A title' %}">{{ _("In a variable") }}</p>
  {% endif %}
  {% blocktranslate count n=rows %}{{ n }} line{% plural %}{{ n }} lines{% endblocktranslate %}
</div>
"""
WORDS = {
    "Hello %(name)s": "你好 %(name)s",
    "%(n)d row": "%(n)d 行",
    "A title": "标题",
    "In a variable": "变量",
    "%(n)s line": "%(n)s 条",
}


@pytest.fixture
def root(tmp_path: Path, settings) -> Path:
    (tmp_path / "scrm").mkdir()
    (tmp_path / "scrm" / "page.py").write_text(PYTHON)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    settings.BASE_DIR, settings.LOCALE_PATHS = tmp_path, [tmp_path / "locale"]
    return tmp_path


def run(*args: str) -> None:
    call_command("messages", *args, stdout=StringIO())


def test_python_and_templates_are_read(root):
    found = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in extracted(root)
        if message.id
    }

    assert found == set(WORDS)


def test_a_complete_catalogue_passes_and_compiles(root):
    assert update(root, catalogue_path(), WORDS) == 0
    run("--check")
    run("--compile")

    with catalogue_path().with_suffix(".mo").open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert words.gettext("A title") == "标题"
    assert words.ngettext("%(n)d row", "%(n)d rows", 5) == "%(n)d 行"


def test_a_second_update_changes_nothing_and_keeps_what_is_there(root):
    update(root, catalogue_path(), WORDS)
    before = catalogue_path().read_bytes()

    assert update(root, catalogue_path(), {}) == 0
    assert catalogue_path().read_bytes() == before


def test_dictionaries_come_from_files_and_go_before_what_stands_there(root, tmp_path):
    update(root, catalogue_path(), WORDS)
    (tmp_path / "more.json").write_text(json.dumps({"A title": "题目"}))

    run("--update", "--from", str(tmp_path / "more.json"))

    assert "题目" in catalogue_path().read_text()


def test_a_missing_entry_is_named_with_its_file(root):
    update(root, catalogue_path(), {**WORDS, "A title": ""})

    assert problems_of(root, catalogue_path()) == ["missing: 'A title' (templates/page.html)"]
    with pytest.raises(CommandError, match="1 problems"):
        run("--check")


def test_an_entry_nobody_uses_is_named(root):
    update(root, catalogue_path(), WORDS)
    (root / "templates" / "page.html").write_text("{% load i18n %}{% translate 'A title' %}")

    assert problems_of(root, catalogue_path()) == [
        "obsolete: '%(n)s line'",
        "obsolete: 'In a variable'",
    ]


def test_a_lost_placeholder_is_named(root):
    update(root, catalogue_path(), {**WORDS, "Hello %(name)s": "你好"})

    assert problems_of(root, catalogue_path()) == [
        "other placeholders than the English: 'Hello %(name)s'"
    ]


def test_a_fuzzy_entry_is_named(root):
    update(root, catalogue_path(), WORDS)
    text = catalogue_path().read_text()
    catalogue_path().write_text(text.replace('msgid "A title"', '#, fuzzy\nmsgid "A title"'))

    assert problems_of(root, catalogue_path()) == ["fuzzy: 'A title'"]
