"""A drawn corp of the sandbox beside our mirror of it: what is true, what we hold, row by row."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from customers.relations.models import FollowRelation
from customers.sync import services
from customers.sync.models import SyncRun
from scrm.core.jobs.models import JobRun

Pair = tuple[str, str]
PAGE = 1000


class Corp:
    """Members `guide0001` and on, with drawn relations."""

    def __init__(self, control: Any, *, members: int, relations: int, seed: int = 1) -> None:
        self._over(control, members)
        control.post("seed_scale", {"members": members, "relations": relations, "seed": seed})

    @classmethod
    def of(cls, control: Any, *, members: int) -> "Corp":
        """Return a corp that is drawn already."""
        corp = cls.__new__(cls)
        corp._over(control, members)
        return corp

    def _over(self, control: Any, members: int) -> None:
        self.control = control
        self.userids = [f"guide{number:04d}" for number in range(1, members + 1)]

    def rows(self, userid: str) -> Iterable[dict[str, Any]]:
        """Return a member's living relations as the sandbox has them."""
        after = 0
        while True:
            page = self.control.get("relations", userid=userid, after=after, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]["id"]

    def ledger(self) -> dict[Pair, tuple[Any, ...]]:
        """Return every living relation with everything WeCom says of it."""
        return {pair: row for userid in self.userids for pair, row in self.ledger_of(userid)}

    def ledger_of(self, userid: str) -> Iterable[tuple[Pair, tuple[Any, ...]]]:
        """Return one member's part of it."""
        for row in self.rows(userid):
            yield (
                (userid, row["external_userid"]),
                (
                    row["createtime"],
                    row["state"],
                    row["add_way"],
                    row["remark"],
                    row["description"],
                    tuple(row["remark_mobiles"]),
                    tuple(sorted(row["tags"])),
                ),
            )

    def person_of(self, external_userid: str) -> str:
        """Return the sandbox's id of a customer."""
        found = self.control.get("people", q=external_userid)
        return str(next(row["id"] for row in found if row["external_userid"] == external_userid))


def held() -> dict[Pair, tuple[Any, ...]]:
    """Return every living relation as we hold it, in the ledger's shape."""
    rows = FollowRelation.objects.filter(status="active").select_related("member", "contact")
    return {
        (row.member.userid, row.contact.external_userid): values_of(row)
        for row in rows.iterator(2000)
    }


def values_of(row: FollowRelation) -> tuple[Any, ...]:
    """Return one relation as we hold it."""
    return (
        row.created_time.timestamp(),
        row.state,
        row.add_way,
        row.remark,
        row.description,
        tuple(row.remark_phones),
        tuple(sorted(row.tag_ids)),
    )


def synced(commits: Any, actor: Any = None) -> SyncRun:
    """Run a sync to wherever it comes."""
    with commits(execute=True):
        sync = services.sync_start(actor=actor)
    return again(sync)


def again(sync: SyncRun) -> SyncRun:
    """Read a run anew."""
    sync.refresh_from_db()
    return sync


def job_of(sync: SyncRun) -> JobRun:
    """Return the job of a run."""
    return JobRun.objects.get(pk=sync.job_id)


def lost() -> dict[Pair, tuple[str, datetime | None]]:
    """Return the lost relations with their cause and time."""
    rows = FollowRelation.objects.filter(status="lost").select_related("member", "contact")
    return {
        (row.member.userid, row.contact.external_userid): (row.lost_by, row.lost_at) for row in rows
    }
