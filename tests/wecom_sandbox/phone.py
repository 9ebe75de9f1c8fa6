"""A phone as the tests hold it."""

import urllib.request
from typing import Any
from urllib.parse import urlencode


class Phone:
    """A browser without scripts that keeps cookies."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self.address = ""

    def open(self, path: str, form: dict[str, Any] | None = None) -> str:
        """The text of a page after redirects; a form is posted."""
        data = None if form is None else urlencode(form, doseq=True).encode()
        with self._opener.open(self.base_url + path, data=data, timeout=10) as reply:
            self.address = reply.url.removeprefix(self.base_url)
            return str(reply.read().decode())
