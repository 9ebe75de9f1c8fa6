"""WeChat as the sandbox's application sees it: which requests are its, its pages, its callbacks."""

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import (
    controls,
    coverage,
    gate,
    messages,
    oauth_page,
    phone,
    pictures,
    pushes,
)
from wecom_sandbox.wechat.accounts import by_appid

__all__ = ["answer", "controls", "install", "is_oauth", "rules", "serves"]

_QR_PATH = "/cgi-bin/showqrcode"


def rules() -> list[Rule]:
    """Routes of all WeChat pages."""
    return [*coverage.rules(), *oauth_page.rules(), *phone.rules(), *pictures.rules()]


def install(sandbox: Sandbox) -> None:
    """Let the sandbox's sender carry WeChat's callbacks."""
    pushes.install(sandbox, messages.reply)


def serves(request: Request) -> bool:
    """Whether a request goes to one of WeChat's hosts, or to their paths under ``/wechat``."""
    host = request.host.partition(":")[0]
    return gate.serves(request) or (host in gate.HOSTS and request.path == _QR_PATH)


def answer(sandbox: Sandbox, request: Request, fault: str) -> Response:
    """The answer to a request that ``serves`` took."""
    if request.path == _QR_PATH:
        return pictures.showqrcode(sandbox, request)
    return gate.answer(sandbox, request, fault)


def is_oauth(request: Request) -> bool:
    """Whether a visit of the consent page, which WeCom shares, is for a WeChat account."""
    return by_appid(request.args.get("appid", "")) is not None
