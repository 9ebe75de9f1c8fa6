"""A WeCom of a few answers, for what the sandbox does not do at will: which call fails, when, and how."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from scrm.wecom.errors import WeComError
from scrm.wecom.types import ExternalContactDetail, ExternalContactPage
from tests.factories.customers import detail, follow, page


class Gateway:
    """Members with customers by pages; `broken` answers a call by (userids joined, cursor) before anything else."""

    def __init__(self, **customers: Sequence[Sequence[str]]) -> None:
        self.external_contact = self
        self.customers = {
            userid: [list(each) for each in pages] for userid, pages in customers.items()
        }
        self.bad: dict[str, WeComError] = {}
        self.broken: dict[tuple[str, str], list[Any]] = {}
        self.looks: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.looked: list[str] = []
        self.unlisted: set[str] = set()

    def use(self, monkeypatch: pytest.MonkeyPatch) -> "Gateway":
        """Put it in place of the client."""
        monkeypatch.setattr("customers.sync.services.wecom", lambda *_args, **_kwargs: self)
        return self

    def get_follow_user_list(self) -> tuple[str, ...]:
        """List everybody but those who lost customer contact."""
        return tuple(userid for userid in self.customers if userid not in self.unlisted)

    def batch_get_by_user(
        self, userids: Sequence[str], cursor: str = "", limit: int = 100
    ) -> ExternalContactPage:
        """Answer page `cursor` (a number) of all members together."""
        name = "+".join(userids)
        self.asked.append((name, cursor))
        queue = self.broken.get((name, cursor), [])
        if queue:
            answer = queue.pop(0)
            if callable(answer):
                answer()
            elif isinstance(answer, WeComError):
                raise answer
        for userid in userids:
            if userid in self.bad:
                raise self.bad[userid]
        pages = [(userid, customers) for userid in userids for customers in self.customers[userid]]
        number = int(cursor or 0)
        if not pages:
            return _now(page([]))
        userid, customers = pages[number]
        more = str(number + 1) if number + 1 < len(pages) else ""
        return _now(page([(each, follow(userid)) for each in customers], next_cursor=more))

    def get(self, external_userid: str) -> ExternalContactDetail:
        """Answer a second look: who follows the customer now."""
        self.looked.append(external_userid)
        answer = self.looks.get(external_userid)
        if isinstance(answer, WeComError):
            raise answer
        followers = [
            userid
            for userid, pages in self.customers.items()
            if any(external_userid in customers for customers in pages)
        ]
        found = detail(external_userid, [follow(userid) for userid in answer or followers])
        return ExternalContactDetail(found.contact, found.follow_users, timezone.now())


def _now(read: ExternalContactPage) -> ExternalContactPage:
    moment: datetime = timezone.now()
    return ExternalContactPage(read.rows, read.next_cursor, moment)
