"""Surfaces in words."""

import pytest
from django.utils.translation import override

from attribution.touches.labels import surface_words


@pytest.mark.parametrize(
    ("surface", "words"),
    [
        ("material", "material of a guide"),
        ("live_code", "live code"),
        ("add", "guide added directly"),
        ("mall-result", "mall: order result page"),
        ("till 4 <b>", "till 4 <b>"),
    ],
)
def test_a_surface_of_ours_has_words_and_anothers_keeps_its_name(surface: str, words: str) -> None:
    with override("en"):
        assert surface_words(surface) == words
