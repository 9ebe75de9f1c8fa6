"""Leases on rows that workers take in turn: renewed while the process lives, given back by token.

Taking one is each table's own statement, because what is due differs; this is what they share.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

# Short, because the keeper of a living worker renews it every two seconds and a welcome waits for nobody.
LEASE_SECONDS = 6
# To be put into statements; the parameter is LEASE_SECONDS.
FROM_NOW = "now() + make_interval(secs => %(lease)s)"


@dataclass(frozen=True)
class Leases:
    """The leases of one table with a column `lease_token`.

    Args:
        table: its name.
        until: the column that says until when a lease holds.
        held: SQL that is true for a row whose lease may still be renewed.
        given_back: SQL assignments that make a row free again.
        ids: the SQL type of its key.
    """

    table: str
    until: str
    held: str
    given_back: str
    ids: str

    def renew(self, tokens: Iterable[UUID]) -> int:
        """Extend the leases of these tokens; returns how many rows still carry one.

        A row that is locked is being worked on at this moment: nobody can claim it, and nobody waits for it here.
        """
        statement = f"""
            UPDATE {self.table} SET {self.until} = {FROM_NOW}
             WHERE id IN (SELECT id FROM {self.table}
                           WHERE lease_token = ANY(%(tokens)s::uuid[]) AND {self.held} FOR UPDATE SKIP LOCKED)
        """  # noqa: S608 - our own words, written below in claims.py
        with connection.cursor() as cursor:
            cursor.execute(statement, {"tokens": [*map(str, tokens)], "lease": LEASE_SECONDS})
            return int(cursor.rowcount)

    def release(self, token: UUID, ids: Sequence[int] | Sequence[UUID]) -> None:
        """Give rows of one token back at once (the worker is asked to stop)."""
        statement = f"""
            UPDATE {self.table} SET {self.given_back}
             WHERE lease_token = %(token)s AND {self.held} AND id = ANY(%(ids)s::{self.ids}[])
        """  # noqa: S608 - our own words
        with connection.cursor() as cursor:
            cursor.execute(statement, {"token": token, "ids": [*map(str, ids)]})
