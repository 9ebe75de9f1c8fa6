"""What the mall tells and asks the product, over HTTP with its partner key."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

SECONDS = 10
PEOPLE = 30


@dataclass
class Product:
    """The product's partner API."""

    base_url: str
    key: str
    session: requests.Session = field(default_factory=requests.Session)

    def order(self, order: Mapping[str, Any]) -> bool:
        """Hand over a paid order; False when it was not taken."""
        answer = self._post("orders/batch", {"orders": [order]}, key=str(order["order_no"]))
        return bool(answer and answer.get("created") == 1)

    def event(self, kind: str, **fields: Any) -> None:
        """Tell of something a visitor did; a shop goes on without."""
        event = {
            "event_id": uuid.uuid4().hex,
            "kind": kind,
            "occurred_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **{name: value for name, value in fields.items() if value},
        }
        self._post("events/batch", {"events": [event]}, key=str(event["event_id"]))

    def offer(self, **asked: str) -> dict[str, Any]:
        """Ask whether an entry is to be shown; without an answer none is."""
        sent = {name: value for name, value in asked.items() if value}
        return self._post("entries/offers", sent) or {"shown": False}

    def _post(self, path: str, body: Mapping[str, Any], *, key: str = "") -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.key}"}
        if key:
            headers["Idempotency-Key"] = f"mall-{key}"
        url = f"{self.base_url.rstrip('/')}/api/v1/{path}"
        try:
            answer = self.session.post(url, json=body, headers=headers, timeout=SECONDS)
        except requests.RequestException as error:
            sys.stderr.write(f"{url}: {type(error).__name__}\n")
            return None
        if answer.status_code not in {200, 201}:
            sys.stderr.write(f"{url}: {answer.status_code} {answer.text[:300]}\n")
            return None
        found: dict[str, Any] = answer.json()
        return found


def people(sandbox_url: str) -> list[dict[str, Any]]:
    """Return the first people of the simulated WeChat, for the demo's log-in; none when it is away."""
    if not sandbox_url:
        return []
    url = f"{sandbox_url.rstrip('/')}/sandbox/api/people"
    try:
        answer = requests.get(url, params={"offset": "0", "limit": str(PEOPLE)}, timeout=SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        sys.stderr.write(f"{url}: {type(error).__name__}\n")
        return []
    found: list[dict[str, Any]] = answer.json()
    return found
