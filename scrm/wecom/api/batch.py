"""Many members at once: invitations and the asynchronous import (docs 90975, 90980, 90983)."""

from collections.abc import Sequence
from dataclasses import dataclass

from scrm.wecom.api.base import Area, filled
from scrm.wecom.reading import items, number, text, texts

INVITED_AT_ONCE = 1000
DONE = 3


@dataclass(frozen=True)
class ImportOutcome:
    """What became of one member of an import (doc 90983); errcode 0 is done."""

    userid: str
    errcode: int


@dataclass(frozen=True)
class ImportResult:
    """How far an import is (doc 90983): status 1 begun, 2 under way, 3 done; rows once it is done."""

    status: int
    total: int
    percentage: int
    rows: tuple[ImportOutcome, ...]

    @property
    def is_done(self) -> bool:
        """Return whether every row has its outcome."""
        return self.status == DONE


class BatchApi(Area):
    """Needs the address-book secret."""

    def invite(self, userids: Sequence[str]) -> tuple[str, ...]:
        """Send WeCom's invitation to up to 1,000 members again; returns those it does not know (doc 90975)."""
        return tuple(texts(self._write("batch/invite", {"user": list(userids)}), "invaliduser"))

    def syncuser(self, media_id: str, *, to_invite: bool | None = None) -> str:
        """Add and change the members of an uploaded CSV, deleting nobody; returns the job's id (doc 90980)."""
        body = filled(media_id=media_id, to_invite=to_invite)
        return text(self._write("batch/syncuser", body), "jobid")

    def getresult(self, jobid: str) -> ImportResult:
        """Return how far an import is, row by row once it is done; 40089 after five later ones (doc 90983)."""
        data = self._read("batch/getresult", jobid=jobid)
        rows = tuple(
            ImportOutcome(text(row, "userid"), number(row, "errcode"))
            for row in items(data, "result")
        )
        return ImportResult(
            number(data, "status"), number(data, "total"), number(data, "percentage"), rows
        )
