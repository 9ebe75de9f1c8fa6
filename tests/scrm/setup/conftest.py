"""An installation that knows nothing of WeCom yet, with a real web server and the simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from scrm.accounts.models import User
from scrm.core import credentials
from scrm.inbox import callback
from scrm.inbox.abuse import Refusals
from tests.factories.accounts import UserFactory

EMPTY_APPS = {
    "scrm": {"agent_id": 0, "secret": "", "token": "", "aes_key": ""},
    "contacts": {"agent_id": 0, "secret": "", "token": "", "aes_key": ""},
}


@pytest.fixture(autouse=True)
def nothing_remembered(settings: Any) -> Iterator[None]:
    """Let the console's credentials count, with an empty environment."""
    settings.WECOM_CONSOLE_CREDENTIALS = True
    settings.WECOM_CORP_ID = ""
    settings.WECOM_APPS = EMPTY_APPS
    callback.refusals = Refusals()
    credentials.forget()
    yield
    credentials.forget()


@pytest.fixture
def empty(wecom_sandbox_world: Any, live_server: Any, settings: Any) -> Any:
    """The simulator, our own web server at the base address, and no credential anywhere."""
    settings.WECOM_CORP_ID = ""
    settings.WECOM_APPS = EMPTY_APPS
    settings.BASE_URL = live_server.url
    credentials.forget()
    return wecom_sandbox_world


@pytest.fixture
def editor(db: Any, settings: Any) -> User:
    """Somebody who may change the set-up and nothing else."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    return UserFactory.create(username="setup.view+setup.edit")


@pytest.fixture
def console(client: Client, editor: User) -> Client:
    """The editor's browser, in English."""
    client.force_login(editor)
    client.cookies["django_language"] = "en"
    return client
