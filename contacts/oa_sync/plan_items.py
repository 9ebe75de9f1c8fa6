"""The vocabulary of a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contacts.oa_sync.models import OaPlanItem

Kind = OaPlanItem.Kind


@dataclass(frozen=True, slots=True)
class Planned:
    """One change; `key` is a userid or an OA department code, `reason` a code of words.py."""

    kind: str
    key: str
    reason: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanRules:
    """Who gets an account: these posts, or every post where there are none."""

    posts: frozenset[str]

    def gets_account(self, post: str) -> bool:
        """Return whether a post gets an account."""
        return not self.posts or post in self.posts
