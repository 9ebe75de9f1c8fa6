"""Gives what came before its member to the member, as soon as that one is known."""

from collections.abc import Mapping
from uuid import UUID

import orjson
from django.db import connection, models


def members_join(model: type[models.Model], members: Mapping[str, UUID]) -> list[UUID]:
    """Give rows without a member the one of their number (`members`), in one statement; return which rows.

    The caller holds the lock that keeps others from storing such rows.
    """
    # Said although no member's number is empty: only then does the index of waiting rows serve.
    statement = f"""
        UPDATE {connection.ops.quote_name(model._meta.db_table)} AS waiting
           SET member_id = given.member_id::uuid
          FROM jsonb_each_text(%s) AS given (member_no, member_id)
         WHERE waiting.member_id IS NULL AND waiting.member_no <> ''
           AND waiting.member_no = given.member_no
        RETURNING waiting.id"""  # noqa: S608 -- our own table
    with connection.cursor() as cursor:
        cursor.execute(statement, [orjson.dumps(members).decode()])
        return [row_id for (row_id,) in cursor.fetchall()]
