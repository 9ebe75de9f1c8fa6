"""A guide's shop and her phone for browser tests: a browser in the demo, or what pretends to be WeCom."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from contacts.directory.models import Member
from contacts.feed import services as feed
from customers.oneid.services import reconcile_pending
from scrm.accounts.models import User
from scrm.accounts.sessions.store import SessionStore
from tests.browser.conftest import PHONE, Visitor
from tests.factories.attribution import AddEpisodeFactory, LiveCodeFactory
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    RelationFactory,
    TagFactory,
    searchable,
)

NORMAL = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WECOM_UA = f"{NORMAL} wxwork/4.1.36 MicroMessenger/7.0.1"


@pytest.fixture
def shop(
    transactional_db: None,
    company: Any,
    guide_li: Member,
    guide_wang: Member,
    wecom_sandbox_world: Any,
) -> Member:
    """Guide Li with customers whose names are hard to lay out, two codes, and things to do."""
    now = timezone.now()
    tags = [tag.tag_id for tag in TagFactory.create_batch(3, name="春季新品到店体验客户")]
    for number in range(30):
        contact = ContactFactory(
            external_userid=f"wm{number}",
            name="一位昵称很长很长很长很长很长很长很长的客户" if number % 3 else f"小明{number}",
        )
        RelationFactory(
            member=guide_li,
            contact=contact,
            tag_ids=tags if number % 2 else [],
            remark="备注" * 20 if number % 5 == 0 else "",
            description="喜欢羊绒,尺码 M,周末到店" if number == 1 else "",
            remark_phones=["+8613812345678"] if number < 2 else [],
            created_time=now - timedelta(hours=number),
        )
    RelationFactory(member=guide_wang, contact__external_userid="wm-of-wang")
    CrmMemberFactory(member_no="80021457", external_userid="wm1", level="金卡")
    reconcile_pending()
    searchable()
    code = LiveCodeFactory(name="李娜的活码", members=[guide_li])
    LiveCodeFactory(name="柜台立牌", members=[guide_li, guide_wang])
    AddEpisodeFactory.create_batch(3, userid="guide_li", live_code=code)
    for number in range(25):
        feed.put(
            member_id=guide_li.pk,
            kind="material.viewed",
            key=f"view:{number}",
            data={"customer": "李女士", "material": "春季羊绒搭配指南"},
            url="/h5/customers/",
            due_at=now - timedelta(hours=1) if number == 0 else None,
        )
    return guide_li


@pytest.fixture
def phone(browser: Any, live_server: Any, settings: Any) -> Iterator[Callable[..., Visitor]]:
    """Make phones of guide Li: a browser in the demo, or what pretends to be WeCom."""
    settings.DEMO_MODE = True
    settings.BASE_URL = live_server.url
    contexts = []

    def make(
        agent: str = NORMAL, *, language: str = "zh-hans", user: User | None = None
    ) -> Visitor:
        context = browser.new_context(viewport=PHONE, has_touch=True, user_agent=agent)
        contexts.append(context)
        user = user or Member.objects.get(userid="guide_li").user
        cookies = {
            "django_language": language,
            django_settings.SESSION_COOKIE_NAME: session_of(user),
        }
        context.add_cookies(
            [
                {"name": name, "value": value, "url": live_server.url}
                for name, value in cookies.items()
            ]
        )
        page = context.new_page()
        made = Visitor(page, live_server.url)
        page.on("console", made.hear)
        page.on("pageerror", lambda error: made.complaints.append(f"{page.url}: {error}"))
        return made

    yield make
    for context in contexts:
        context.close()


def session_of(user: Any) -> str:
    """Return the key of a session that this person is logged in with."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)
