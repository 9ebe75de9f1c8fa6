"""Asks the callback door while the database is away: it must not say 200 to what it cannot store."""

import threading
from types import TracebackType

import requests

from scrm.inbox.ingest import digest_of
from scrm.inbox.models import InboxEvent
from tests.factories.inbox import delivery, event_xml
from wecom_sandbox import defaults

PAUSE = 0.15


class Probe:
    """Sends a genuine callback of its own again and again while the `with` block runs."""

    def __init__(self, web_url: str) -> None:
        self._url = web_url
        self._over = threading.Event()
        self._thread = threading.Thread()
        self.answers: list[tuple[int, bytes]] = []
        # How many of the answers of each block were not 200.
        self.refused: list[int] = []

    def __enter__(self) -> None:
        self._over.clear()
        self._first = len(self.answers)
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(20)
        found = self.answers[self._first :]
        self.refused.append(sum(status != 200 for status, _digest in found))

    def _ask(self) -> None:
        while not self._over.is_set():
            # Nobody handles this kind: stored and marked as ignored.
            xml = event_xml("msg_audit_approved")
            sent = delivery(xml)
            digest = digest_of(defaults.CORP_ID, "scrm", xml)
            try:
                answer = requests.post(
                    self._url + sent.path,
                    data=sent.body,
                    headers={"Content-Type": "text/xml"},
                    timeout=10,
                )
                self.answers.append((answer.status_code, digest))
            except requests.RequestException:
                self.answers.append((0, digest))
            self._over.wait(PAUSE)

    def verdict(self, *, kills: int) -> list[str]:
        """Return what was seen: every 200 is stored, and while the database was away there was none."""
        taken = {digest for status, digest in self.answers if status == 200}
        rows = InboxEvent.objects.filter(digest__in=taken).values_list("digest", flat=True)
        lies = len(taken) - len({bytes(digest) for digest in rows})
        statuses = sorted({status for status, _digest in self.answers})
        notes = [
            f"asked {len(self.answers)} times meanwhile: {sum(self.refused)} refused, answers {statuses}"
        ]
        if lies:
            notes.append(f"WRONG {lies} answered 200 and are not stored")
        if len(self.refused) < kills or not all(self.refused):
            notes.append(f"WRONG no refusal seen in each of {kills} failures: {self.refused}")
        return notes
