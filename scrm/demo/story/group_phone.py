"""WeChat on the phone of somebody in a group: the check-in page, and WeChat that says who opens it."""

import re
from typing import Any
from urllib.parse import urlsplit

import requests

from scrm.demo.story.doors import TIMEOUT, text_of
from scrm.demo.story.guide_phone import WECHAT
from scrm.demo.story.report import WrongFigureError

REDIRECTS = 8
FORM = r'(?s)<form[^>]*action="([^"]*/{act}/)"[^>]*>(.*?)</form>'
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class GroupPhone:
    """One customer's phone; WeChat asks for consent once, then the page knows who it is."""

    def __init__(self, base_url: str, sandbox_url: str, person_id: str) -> None:
        self.base_url, self.sandbox_url, self.person_id = base_url, sandbox_url, person_id
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": WECHAT, "Accept-Language": "en"})
        self.address, self.html = "", ""

    def open(self, path: str) -> None:
        """Open the group's page, consenting where WeChat asks; raises WrongFigureError unless it is shown."""
        self._get(self.base_url + path)
        consent = re.search(r'href="([^"]*/consent/)"', self.html)
        if consent:
            self._get(self.base_url + consent[1])
        if 'id="streak"' not in self.html:
            raise WrongFigureError(f"{path} is not shown in WeChat: {text_of(self.html)[:300]}")

    def number(self, name: str) -> int:
        """Return a figure of the page: streak or balance."""
        found = re.search(rf'id="{name}">(-?\d+)<', self.html)
        return int(found[1]) if found else -1

    @property
    def codes(self) -> list[str]:
        """The codes of what was redeemed and waits to be picked up."""
        return re.findall(r'class="g-code">([^<]+)<', self.html)

    def check_in(self) -> None:
        """Tap the button; a second tap of the day repeats the first one's form."""
        self._press("check-in")

    def redeem(self, reward: str) -> None:
        """Redeem one piece of a reward: its page names the price, and asks once more."""
        link = re.search(rf'href="([^"]*/redeem/\?reward={reward})"', self.html)
        if not link:
            raise WrongFigureError(f"{self.address} offers no redeem: {text_of(self.html)[:300]}")
        self._get(self.base_url + link[1])
        self._press("redeem", reward=reward)

    def _press(self, act: str, **wanted: str) -> None:
        forms = re.findall(FORM.format(act=act), self.html)
        fields = [(action, dict(HIDDEN.findall(inside))) for action, inside in forms]
        fitting = [each for each in fields if wanted.items() <= each[1].items()]
        if not fitting:
            raise WrongFigureError(f"{self.address} offers no {act}: {text_of(self.html)[:300]}")
        action, hidden = fitting[0]
        self._answered(
            self.session.post(
                self.base_url + action, data=hidden, headers={"Referer": self.address}, timeout=TIMEOUT,
                allow_redirects=False,
            )
        )  # fmt: skip

    def _get(self, address: str) -> None:
        self._answered(self.session.get(address, timeout=TIMEOUT, allow_redirects=False))

    def _answered(self, answer: requests.Response) -> None:
        """Follow to the page; WeChat's own page is told whose phone this is, as the real client knows it."""
        for _ in range(REDIRECTS):
            if not answer.is_redirect:
                break
            address = requests.compat.urljoin(answer.url, answer.headers["Location"])
            if address.startswith(self.sandbox_url) and "sandbox_person=" not in address:
                parts = urlsplit(address)
                query = f"{parts.query}&sandbox_person={self.person_id}"
                address = parts._replace(query=query, fragment="").geturl()
            answer = self.session.get(address, timeout=TIMEOUT, allow_redirects=False)
        if answer.status_code >= 400:
            raise WrongFigureError(
                f"{answer.url} answered {answer.status_code} in WeChat: {text_of(answer.text)[:300]}"
            )
        self.address, self.html = answer.url, answer.text


def phone_in_group(play: Any, person_id: str) -> GroupPhone:
    """Return the phone of a person of the simulator's world."""
    return GroupPhone(play.environment.web_url, play.environment.sandbox_url, person_id)
