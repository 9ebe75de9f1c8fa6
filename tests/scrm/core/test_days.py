"""Days in cells: spellings, and moments that are another day here."""

from datetime import date

import pytest
from django import forms
from django.utils import translation

from scrm.core.days import DayInput, day_of

DAY = date(2026, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-01",
        "2026/2/1",
        "2026.02.01",
        "20260201",
        "２０２６－０２－０１",
        " 2026-02-01 ",
        "2026-02-01 00:00:00",
        "2026-02-01T23:59:59.999",
        "2026/2/1 0:00",
    ],
)
def test_a_day_without_a_zone_is_that_day(text: str) -> None:
    assert day_of(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T16:00:00Z",
        "2026-01-31T16:00:00.000Z",
        "2026-01-31T16:00:00.0000000Z",
        "2026-01-31T16:00:00.000+0000",
        "2026-01-31 16:00:00+00:00",
        "2026-01-31 16:00:00 +0000",
        "2026-01-31 16:00:00+00",
        "2026-01-31 16:00:00 UTC",
        "2026/01/31 16:00 GMT",
        "2026-01-31T11:00:00-05:00",
        "2026-02-01T00:00:00+08:00",
        "2026-02-01T15:59:59Z",
    ],
)
def test_a_moment_with_its_zone_is_the_day_it_is_here(text: str) -> None:
    assert day_of(text) == DAY


@pytest.mark.parametrize(
    "text",
    ["", "明天", "2026-02-30", "2026", "Z", "2026-02-01 下午Z", "2026-02-01T25:00:00Z", "9999-12-31T23:00:00Z"],
)  # fmt: skip
def test_what_names_no_day_is_none(text: str) -> None:
    assert day_of(text) is None


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_field_for_a_day_shows_the_day_that_is_there(language: str) -> None:
    # Given a form of a day, in a language that spells days in its own way
    class Form(forms.Form):
        day = forms.DateField(widget=DayInput())

    # When it is shown for a day that is there already
    with translation.override(language):
        shown = str(Form(initial={"day": date(2026, 11, 2)})["day"])
    # Then it is in the only spelling that browsers take
    assert 'type="date"' in shown
    assert 'value="2026-11-02"' in shown
