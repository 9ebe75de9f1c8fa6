"""Follows a change of the blind-index key: identity keys are copies of other tables' indexes."""

from collections.abc import Mapping

from django.db import connection

DOUBLED = """
DELETE FROM customers_recordkey former USING customers_recordkey held, unnest(%s::text[], %s::text[]) AS v(old, new)
 WHERE former.kind IN ('phone', 'weak_phone') AND former.value = v.old
   AND held.record_id = former.record_id AND held.kind = former.kind AND held.value = v.new
"""
MOVED = """
UPDATE customers_recordkey k SET value = v.new FROM unnest(%s::text[], %s::text[]) AS v(old, new)
 WHERE k.kind IN ('phone', 'weak_phone') AND k.value = v.old
"""
# A word on a shared phone follows it; a row that came under the new key meanwhile gives way to it.
SHARED_DOUBLED = """
DELETE FROM customers_sharedkey held USING customers_sharedkey former, unnest(%s::text[], %s::text[]) AS v(old, new)
 WHERE held.kind = 'phone' AND held.value = v.new AND former.kind = 'phone' AND former.value = v.old
"""
SHARED_MOVED = """
UPDATE customers_sharedkey k SET value = v.new FROM unnest(%s::text[], %s::text[]) AS v(old, new)
 WHERE k.kind = 'phone' AND k.value = v.old
"""


def moved(indexes: Mapping[bytes, bytes]) -> None:
    """Give identity keys of phones their new value, in the transaction that gave it to the records."""
    pairs = [[old.hex() for old in indexes], [new.hex() for new in indexes.values()]]
    with connection.cursor() as cursor:
        cursor.execute(DOUBLED, pairs)
        cursor.execute(MOVED, pairs)
        cursor.execute(SHARED_DOUBLED, pairs)
        cursor.execute(SHARED_MOVED, pairs)
