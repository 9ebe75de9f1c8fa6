"""The sandbox against recorded samples of WeCom; collected when WECOM_SAMPLES names their folder (conftest.py)."""

import os
from pathlib import Path

import pytest

from wecom_sandbox.conformance.replay import replay
from wecom_sandbox.conformance.samples import read_samples

SAMPLES = Path(os.environ.get("WECOM_SAMPLES", "-"))
AREAS = (
    "README",
    "contacts",
    "external-contacts",
    "marketing",
    "groups",
    "messaging-media",
    "oauth-jssdk",
    "archive",
    "callbacks",
    "outside",
)


@pytest.fixture(scope="module")
def bad() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """What is neither right nor explained, by area."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {area: [] for area in AREAS}
    for row in replay(read_samples(SAMPLES)):
        kept = found[row.area]
        if not row.good:
            kept.append((row.sample, row.found))
    return found


@pytest.mark.parametrize("area", AREAS)
def test_every_sample_is_right_or_explained(
    bad: dict[str, list[tuple[str, tuple[str, ...]]]], area: str
) -> None:
    assert bad[area] == []
