"""The product's doors as people and partner systems use them: pages, forms, uploads, the API."""

import re
import uuid
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import requests

from scrm.demo.story.report import WrongFigureError

TIMEOUT = 60
Files = Mapping[str, tuple[str, bytes]]
Fields = Mapping[str, str | Sequence[str]]


class FormErrors(HTMLParser):
    """Collects what a page says went wrong with its form."""

    MARKS = frozenset({"invalid-feedback", "alert-danger", "errorlist", "field-error"})
    VOID = frozenset({"br", "input", "img", "use", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter an error, or go deeper inside of one."""
        if tag in self.VOID:
            return
        classes = set((dict(attrs).get("class") or "").split())
        if self._depth or classes & self.MARKS:
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        """Leave an element of an error."""
        if tag in self.VOID:
            return
        self._depth = max(0, self._depth - 1)

    def handle_data(self, data: str) -> None:
        """Keep the text of errors."""
        if self._depth and data.strip():
            self.words.append(data.strip())


class HiddenFields(HTMLParser):
    """What a form of a page sends without being seen, the CSRF token apart."""

    def __init__(self, page: str, action: str) -> None:
        super().__init__()
        self._action = urlsplit(action).path
        self._inside = False
        self.values: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Enter the form, or keep a hidden field of it."""
        said = dict(attrs)
        if tag == "form":
            self._inside = urlsplit(said.get("action") or "").path == self._action
        elif tag == "input" and self._inside and said.get("type") == "hidden":
            self.values[said.get("name") or ""] = said.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        """Leave the form."""
        self._inside = self._inside and tag != "form"


class Browser:
    """One logged-in person."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = "en"
        self.send("/accounts/login/", {"username": username, "password": password})
        if not any(one.name.endswith("sessionid") for one in self.session.cookies):
            raise WrongFigureError(f"{username} could not log in")

    def page(self, path: str) -> str:
        """Return a page's HTML; raises WrongFigureError unless it is there."""
        answer = self.session.get(self._url(path), timeout=TIMEOUT)
        if answer.status_code != 200:
            raise WrongFigureError(
                f"GET {path} answered {answer.status_code}: {text_of(answer.text)[:300]}"
            )
        return answer.text

    def status(self, path: str) -> int:
        """Return what a page answers."""
        return self.session.get(self._url(path), timeout=TIMEOUT).status_code

    def file(self, path: str) -> bytes:
        """Return a downloaded file."""
        answer = self.session.get(self._url(path), timeout=TIMEOUT)
        if answer.status_code != 200:
            raise WrongFigureError(f"GET {path} answered {answer.status_code}")
        return answer.content

    def send(
        self, path: str, fields: Fields, files: Files | None = None, *, page: str = ""
    ) -> requests.Response:
        """Open the page of a form, fill it in and send it; the answer after redirects.

        `page` is where the form stands, if not at `path`. Raises WrongFigureError with the form's own words
        when it is refused.
        """
        # Opening the page gives the CSRF cookie, as it does for a person.
        hidden = HiddenFields(self.page(page or path), path).values
        token = self.session.cookies.get("csrftoken", "")
        answer = self.session.post(
            self._url(path),
            data={**hidden, **fields, "csrfmiddlewaretoken": token},
            files=dict(files) if files else None,
            headers={"Referer": self._url(path)},
            timeout=TIMEOUT * 5,
        )
        if answer.status_code >= 400 or not answer.history:
            errors = FormErrors(answer.text).words or [text_of(answer.text)[:400]]
            raise WrongFigureError(f"POST {path} answered {answer.status_code}: {' '.join(errors)}")
        return answer

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.base_url + path


def text_of(html: str) -> str:
    """Return the words of a page, for a message."""
    body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", html)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


class Partner:
    """A partner system with an API key."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def post(
        self, path: str, body: Mapping[str, Any], *, idempotency_key: str = ""
    ) -> dict[str, Any]:
        """Send one write; raises WrongFigureError unless it is taken."""
        answer = self.session.post(
            self.base_url + path,
            json=body,
            headers={"Idempotency-Key": idempotency_key or str(uuid.uuid4())},
            timeout=TIMEOUT,
        )
        if answer.status_code not in {200, 201}:
            raise WrongFigureError(
                f"POST {path} answered {answer.status_code}: {answer.text[:400]}"
            )
        found: dict[str, Any] = answer.json()
        return found


class Simulator:
    """The sandbox's control door: what happens outside our product."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()

    def get(self, path: str, **query: str | int) -> Any:
        """Read the simulator's state."""
        return self._answer(
            self.session.get(f"{self.base_url}/sandbox/api/{path}", params=query, timeout=TIMEOUT)
        )

    def post(self, path: str, **body: Any) -> Any:
        """Make something happen in the simulator's world."""
        return self._answer(
            self.session.post(f"{self.base_url}/sandbox/api/{path}", json=body, timeout=TIMEOUT * 3)
        )

    def try_post(self, path: str, **body: Any) -> bool:
        """Try something that WeCom's world may not allow; says whether it happened."""
        answer = self.session.post(
            f"{self.base_url}/sandbox/api/{path}", json=body, timeout=TIMEOUT * 3
        )
        if answer.status_code not in {400, 409}:
            self._answer(answer)
        return answer.status_code == 200

    def delete(self, path: str) -> Any:
        """Take something away."""
        return self._answer(
            self.session.delete(f"{self.base_url}/sandbox/api/{path}", timeout=TIMEOUT)
        )

    @staticmethod
    def _answer(answer: requests.Response) -> Any:
        if answer.status_code >= 400:
            raise WrongFigureError(
                f"The sandbox answered {answer.status_code} to {answer.url}: {answer.text[:300]}"
            )
        return answer.json()
