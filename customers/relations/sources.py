"""What stands behind the state of a relation: whoever made the parameter knows its name."""

from collections.abc import Iterable, Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string


def source_names(states: Iterable[str]) -> Mapping[str, str]:
    """Return names by state, in one query at most; a state that is not ours has none."""
    wanted = {state for state in states if state}
    if not wanted:
        return {}
    return cast("Mapping[str, str]", import_string(settings.SOURCE_NAMES)(wanted))
