"""Every address a template writes exists, with as many arguments as it is given: a page must not fail where few look."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

TEMPLATES = Path(__file__).parents[2] / "templates"
TAG = re.compile(r"{% url ['\"]([\w:-]+)['\"](.*?)%}")
WORD = re.compile(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+")


def routes(
    patterns: Sequence[URLPattern | URLResolver], spaces: tuple[str, ...] = (), above: int = 0
) -> Iterator[tuple[str, int]]:
    """Yield (name, how many arguments) of every route."""
    for pattern in patterns:
        count = above + pattern.pattern.regex.groups
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from routes(pattern.url_patterns, inner, count)
        elif pattern.name:
            yield ":".join((*spaces, pattern.name)), count


def written() -> Iterator[tuple[str, str, int]]:
    """Yield (template, name, how many arguments) of every address a template writes."""
    for path in TEMPLATES.rglob("*.html"):
        for name, rest in TAG.findall(path.read_text()):
            words = WORD.findall(re.sub(r"\sas \w+\s*$", "", rest))
            yield str(path.relative_to(TEMPLATES)), name, len(words)


def test_every_address_in_a_template_exists_with_its_arguments() -> None:
    known = set(routes(get_resolver().url_patterns))

    wrong = [each for each in written() if each[1:] not in known]

    assert len(list(written())) > 300
    assert wrong == []
