"""Both accounts of WeChat in a freshly reset sandbox, and a receiver of the service account's callbacks."""

from collections.abc import Iterator

import pytest

from tests.wecom_sandbox.wechat_client import Listener, WeChat
from wecom_sandbox.testing import Control, Running
from wecom_sandbox.wechat.accounts import MINI


@pytest.fixture
def service(running: Running) -> WeChat:
    """The service account's server."""
    return WeChat(running)


@pytest.fixture
def mini(running: Running) -> WeChat:
    """The mini program's server."""
    return WeChat(running, MINI)


@pytest.fixture
def listener(control: Control) -> Iterator[Listener]:
    """The service account's callback address."""
    listener = Listener()
    answer = control.post("wechat/callback_urls", {"account": "service", "url": listener.url})
    assert answer == {"ok": True, "verified": True, "message": "ok"}
    # One at a time keeps their order.
    control.post("delivery", {"concurrency": 1})
    yield listener
    control.post("wechat/callback_urls", {"account": "service", "url": None})
    listener.close()


@pytest.fixture
def mini_listener(control: Control) -> Iterator[Listener]:
    """The mini program's callback address."""
    listener = Listener(MINI)
    control.post("delivery", {"concurrency": 1})
    control.post("wechat/callback_urls", {"account": "mini", "url": listener.url})
    yield listener
    control.post("wechat/callback_urls", {"account": "mini", "url": None})
    listener.close()
