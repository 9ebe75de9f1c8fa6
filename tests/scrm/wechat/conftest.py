"""Clients of both accounts, over the sandbox."""

from collections.abc import Iterator

import pytest

from scrm.wechat.client import WeChatClient
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens
from tests.wecom_sandbox.wechat_client import Listener
from wecom_sandbox.testing import Control, Running
from wecom_sandbox.wechat.accounts import MINI, SERVICE, Account


@pytest.fixture
def control(sandbox: Running) -> Control:
    """The control API of a freshly reset sandbox."""
    sandbox.control.post("reset", {"seed": 1, "people": 50})
    return sandbox.control


def new_client(base_url: str, account: Account = SERVICE, **overrides: object) -> WeChatClient:
    """A client with local ports."""
    ports = {"tokens": LocalTokens(), "lock": LocalLock(), "bucket": LocalBucket(), **overrides}
    address = f"{base_url}/wechat"
    return WeChatClient(
        account.appid, account.secret, api_base=address, oauth_base=address, mp_base=address, **ports
    )  # fmt: skip


@pytest.fixture
def service(sandbox: Running, control: Control) -> WeChatClient:
    """The service account."""
    return new_client(sandbox.base_url)


@pytest.fixture
def mini(sandbox: Running, control: Control) -> WeChatClient:
    """The mini program."""
    return new_client(sandbox.base_url, MINI)


@pytest.fixture
def listener(control: Control) -> Iterator[Listener]:
    """A callback address of the service account that keeps bodies and queries."""
    listener = Listener()
    control.post("wechat/callback_urls", {"account": "service", "url": listener.url})
    yield listener
    control.post("wechat/callback_urls", {"account": "service", "url": None})
    listener.close()
