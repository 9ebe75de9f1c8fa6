"""Phones: a guide's WeCom that logs in silently, and a customer's WeChat that opens what she was sent."""

import re
from typing import Any
from urllib.parse import urlsplit

import requests

from scrm.demo.story.doors import TIMEOUT, Fields, text_of
from scrm.demo.story.report import WrongFigureError

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WECOM = f"{IPHONE} wxwork/4.1.36 MicroMessenger/7.0.1"
WECHAT = f"{IPHONE} MicroMessenger/8.0.44"
REDIRECTS = 6


class GuidePhone:
    """WeCom on a guide's phone: every page first passes WeCom's silent log-in."""

    def __init__(self, base_url: str, sandbox_url: str, userid: str) -> None:
        self.base_url, self.sandbox_url, self.userid = base_url, sandbox_url, userid
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": WECOM, "Accept-Language": "en"})
        self.log_ins = 0

    def open(self, path: str) -> requests.Response:
        """Open a page as the client does; whatever it answers."""
        address = self.base_url + path
        for _ in range(REDIRECTS):
            answer = self.session.get(address, timeout=TIMEOUT, allow_redirects=False)
            if not answer.is_redirect:
                return answer
            address = requests.compat.urljoin(address, answer.headers["Location"])
            if address.startswith(self.sandbox_url):
                # The client knows who holds the phone; the simulator has to be told.
                self.log_ins += 1
                address = f"{address.partition('#')[0]}&sandbox_userid={self.userid}"
        raise WrongFigureError(f"{path} redirects without an end")

    def page(self, path: str) -> str:
        """Return a page's HTML; raises WrongFigureError unless it is there."""
        answer = self.open(path)
        if answer.status_code != 200:
            words = text_of(answer.text)[:300]
            raise WrongFigureError(f"{path} on the phone answered {answer.status_code}: {words}")
        return answer.text

    def is_logged_in(self) -> bool:
        """Say whether the session lives, without logging in again."""
        answer = self.session.get(f"{self.base_url}/h5/", timeout=TIMEOUT, allow_redirects=False)
        return answer.status_code == 200

    def post(self, path: str, fields: Fields) -> requests.Response:
        """Send what a button sends; raises WrongFigureError when it is refused."""
        token = self.session.cookies.get("csrftoken", "")
        answer = self.session.post(
            self.base_url + path, data=fields, headers={"X-CSRFToken": token, "Referer": self.base_url},
            timeout=TIMEOUT, allow_redirects=False,
        )  # fmt: skip
        if answer.status_code >= 400:
            raise WrongFigureError(
                f"POST {path} on the phone answered {answer.status_code}: {text_of(answer.text)[:300]}"
            )
        return answer

    def send(self, title: str, external_userid: str) -> dict[str, Any]:
        """Find a material by its title in the chat's tool bar and press send; returns message and confirm."""
        html = self.page(f"/h5/m/?entry=single_chat_tools&ext={external_userid}&q={title}")
        found = re.search(r'data-send="([^"]+)"', html)
        if found is None:
            raise WrongFigureError(f"{self.userid} does not find the material {title}")
        fields = {"entry": "single_chat_tools", "external_userid": external_userid}
        made: dict[str, Any] = self.post(found[1], fields).json()
        return made


class CustomerPhone:
    """WeChat on a customer's phone: it keeps cookies and knows nothing of us."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": WECHAT, "Accept-Language": "zh-CN"})
        self.words = ""
        self._beat = ("", "")

    def links_in_chat(self, sandbox_url: str, person_id: str, userid: str) -> list[str]:
        """Return the addresses of the cards that stand in the chat with a guide."""
        chat = self.session.get(f"{sandbox_url}/phone/p/{person_id}/chat/{userid}", timeout=TIMEOUT)
        return re.findall(r'class="linkcard" href="([^"]+)"', chat.text)

    def open(self, address: str) -> None:
        """Open the page behind a card; raises WrongFigureError unless it is there."""
        answer = self.session.get(address, timeout=TIMEOUT)
        found = re.search(r'data-beat="([^"]+)" data-view="([^"]+)"', answer.text)
        if answer.status_code != 200 or found is None:
            raise WrongFigureError(f"{address} answered {answer.status_code} to a customer")
        parts = urlsplit(address)
        self.words = text_of(answer.text)
        self._beat = (f"{parts.scheme}://{parts.netloc}{found[1]}", found[2])

    def stay(self) -> None:
        """Give a sign of life, as the page's script does every few seconds."""
        address, view = self._beat
        self.session.post(address, data={"view": view}, timeout=TIMEOUT).raise_for_status()
