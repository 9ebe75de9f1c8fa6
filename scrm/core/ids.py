"""Identifiers made by us."""

import os
import time
from uuid import UUID

MILLISECOND = 1_000_000


def uuid7() -> UUID:
    """Return a time-ordered UUID (RFC 9562 version 7), so that primary keys stay together on disk.

    The 12 bits after the milliseconds hold their fraction (method 3): ids of one process sort as made.
    """
    milliseconds, fraction = divmod(time.time_ns(), MILLISECOND)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (fraction * 4096 // MILLISECOND) << 64
    value |= 0b10 << 62
    value |= int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=value)
