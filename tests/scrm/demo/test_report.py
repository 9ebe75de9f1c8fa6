"""The story's report: right figures are said, wrong ones stop it with what differs."""

import pytest

from scrm.demo.story.doors import FormErrors, text_of
from scrm.demo.story.report import Report, WrongFigureError


def test_right_figure_is_said() -> None:
    said: list[str] = []
    assert Report(said.append).equal("customers", 200, 200) == 200
    assert said == ["   customers: 200  ok"]


def test_wrong_figure_stops_the_story() -> None:
    with pytest.raises(WrongFigureError, match="customers: expected 200, found 199"):
        Report(print).equal("customers", 199, 200)


def test_a_demo_says_a_wrong_figure_and_goes_on() -> None:
    said: list[str] = []
    report = Report(said.append, strict=False)
    assert report.equal("welcomed", {"a", "b"}, {"a", "b", "c"}) == {"a", "b"}
    assert said == [
        "   NOT RIGHT  welcomed: expected 3 entries, found 2 entries; 1 differ: missing 'c'"
    ]
    assert report.equal("nothing", None, 1) is None
    assert report.figures == {"welcomed": 2, "nothing": None}


def test_difference_of_collections_names_the_entries() -> None:
    with pytest.raises(WrongFigureError) as caught:
        Report(print).equal("pairs", {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    assert str(caught.value).endswith("; 2 differ: b: 3 -> 2; c: 4 -> None")
    with pytest.raises(WrongFigureError, match="missing 'x'; too many 'y'"):
        Report(print).equal("set", {"y"}, {"x"})


def test_errors_of_a_form_are_found() -> None:
    html = (
        '<form><input type="hidden" name="token"><div class="invalid-feedback">Too <b>long</b><br>indeed.</div>'
        '<p>fine</p><ul class="errorlist"><li>Needed.</li></ul></form>'
    )
    assert FormErrors(html).words == ["Too", "long", "indeed.", "Needed."]


def test_errors_beside_an_icon_and_below_a_field_are_found() -> None:
    html = (
        '<div class="alert alert-danger"><svg><use href="#x"></use></svg><div>Marked below.</div></div>'
        '<div class="field-error"><svg><use href="#x"></use></svg>No rows.</div><p>fine</p>'
    )
    assert FormErrors(html).words == ["Marked below.", "No rows."]


def test_words_of_a_page_are_found() -> None:
    assert text_of("<head><title>x</title></head><p>a <b>b</b></p>") == "a b"
