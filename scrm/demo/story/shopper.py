"""A customer of the mall with a phone: buys, sees the result, follows the entry, presses the code long."""

import io
import re
from typing import Any
from urllib.parse import urlsplit

import requests
import zxingcpp
from PIL import Image

from scrm.demo.story.doors import TIMEOUT, text_of
from scrm.demo.story.guide_phone import WECHAT
from scrm.demo.story.report import WrongFigureError

BEAT = re.compile(r'data-beat="([^"]+)" data-ticket="([^"]+)"')
ENTRY = re.compile(r'data-entry="([^"]+)"')
PICTURE = re.compile(r'<img class="e-code" src="([^"]+)"')


class Shopper:
    """One visitor of the mall; without a unionid a guest."""

    def __init__(self, mall_url: str, unionid: str = "") -> None:
        self.mall_url = mall_url
        self.session = requests.Session()
        self.session.headers.update({"User-Agent": WECHAT, "Accept-Language": "en"})
        self.order_no, self.entry = "", ""
        self._page, self._html = "", ""
        if unionid:
            self._get(f"{mall_url}/login", u=unionid)

    def browse(self, sku: str, **query: str) -> None:
        """Open the page of one thing; `p` in the query is a guide's parameter."""
        self._get(f"{self.mall_url}/p/{sku}", **query)

    def buy(self, sku: str, store_code: str) -> str:
        """Buy one thing and look at the result; returns the entry shown there, or ""."""
        answer = self.session.post(
            f"{self.mall_url}/buy", data={"sku": sku, "store": store_code}, timeout=TIMEOUT
        )
        _need(answer)
        self.order_no = urlsplit(answer.url).path.rsplit("/", 1)[-1]
        found = ENTRY.search(answer.text)
        self.entry = found.group(1) if found else ""
        return self.entry

    def click_entry(self) -> None:
        """Follow the entry; the page's script says that the page is seen."""
        self._open(f"{self.mall_url}/go/{self.order_no}")

    def open_again(self) -> None:
        """Open the lead-in page once more, as somebody who came back does."""
        self._open(self._page)

    def _open(self, address: str) -> None:
        answer = self._get(address)
        self._page, self._html = answer.url, answer.text
        self._tell("seen")

    def press_code(self) -> str:
        """Press the code long: the script tells, WeChat reads the picture; returns the link inside."""
        self._tell("add")
        found = PICTURE.search(self._html)
        picture = self._get(requests.compat.urljoin(self._page, found.group(1) if found else ""))
        decoded = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.content)))
        return decoded.text if decoded else ""

    def _tell(self, what: str) -> None:
        found = BEAT.search(self._html)
        if not found:
            raise WrongFigureError(f"the lead-in page has no script: {text_of(self._html)[:200]}")
        url = requests.compat.urljoin(self._page, found.group(1))
        answer = self.session.post(
            url, data={"what": what, "ticket": found.group(2)}, timeout=TIMEOUT
        )
        _need(answer)

    def _get(self, address: str, **query: Any) -> requests.Response:
        answer = self.session.get(address, params=query, timeout=TIMEOUT)
        _need(answer)
        return answer


def _need(answer: requests.Response) -> None:
    if answer.status_code >= 400:
        raise WrongFigureError(
            f"{answer.url} answered {answer.status_code}: {text_of(answer.text)[:300]}"
        )
