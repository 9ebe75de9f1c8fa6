"""What names an export when its file comes back; pure functions.

Three marks that do not depend on each other or on the order of rows, each readable from what survives of a file:

- the row code at the end of every row: one row is enough; gone when the column is deleted;
- invisible characters behind every nickname: one cell is enough; gone when the file is saved in a Chinese
  (not Unicode) encoding or the cells are cleaned;
- a blank, or none, behind every nickname, by a keyed rule of export and nickname: some dozens of rows are enough;
  gone when blanks are trimmed.

When all are gone, the sketch of the rows still says which exports held these customers, not which of them leaked.
"""

import base64
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from scrm.core.crypto import lasting_hash

MARK_BITS = 40
SALT_BYTES, BODY_BYTES, CHECK_BYTES = 2, 5, 1
CODE_CHARACTERS = 13
# Two bits each; none of them is seen, or changes how its neighbours are drawn at the end of a text.
INVISIBLE = ("\u200b", "\u200c", "\u200d", "\u2060")
HIDDEN_CHARACTERS = MARK_BITS // 2
SKETCH_ROWS, HASH_BYTES = 256, 8
# Blanks agree with a wrong export in half of the rows: so many rows, of which so many agree, are no accident.
LEAST_ROWS, LEAST_AGREEMENT = 40, 0.9
LEAST_SHARED = 0.5


def new_mark() -> int:
    """Return a mark for a new export: 40 random bits, so that guessing names nobody."""
    return secrets.randbits(MARK_BITS)


def row_code(mark: int, row: str) -> str:
    """Return the code of one row: thirteen letters and digits that hold the export, different in every row."""
    salt = lasting_hash("export_salt", row)[:SALT_BYTES]
    body = _xor(mark.to_bytes(BODY_BYTES, "big"), lasting_hash("export_code", salt.hex()))
    check = lasting_hash("export_check", (salt + body).hex())[:CHECK_BYTES]
    return base64.b32encode(salt + body + check).decode().rstrip("=")


def mark_of_code(text: str) -> int | None:
    """Return the mark a row code holds, None for any other text."""
    text = text.strip().upper()
    if len(text) != CODE_CHARACTERS:
        return None
    try:
        raw = base64.b32decode(text + "===")
    except ValueError:
        return None
    salt, body = raw[:SALT_BYTES], raw[SALT_BYTES : SALT_BYTES + BODY_BYTES]
    if lasting_hash("export_check", (salt + body).hex())[:CHECK_BYTES] != raw[-CHECK_BYTES:]:
        return None
    return int.from_bytes(_xor(body, lasting_hash("export_code", salt.hex())), "big")


def marked_name(mark: int, name: str) -> str:
    """Return a nickname with the two marks behind it, which nobody sees."""
    name = bare_name(name)
    blank = " " if has_blank(mark, name) else ""
    hidden = "".join(INVISIBLE[mark >> shift & 3] for shift in range(MARK_BITS - 2, -1, -2))
    return f"{name}{blank}{hidden}"


def bare_name(name: str) -> str:
    """Return a nickname without what could pass for a mark."""
    return "".join(char for char in name if char not in INVISIBLE).strip()


def mark_in_name(cell: str) -> int | None:
    """Return the mark behind a nickname, None where it did not survive."""
    found = [INVISIBLE.index(char) for char in cell if char in INVISIBLE]
    if len(found) < HIDDEN_CHARACTERS:
        return None
    mark = 0
    for value in found[-HIDDEN_CHARACTERS:]:
        mark = mark << 2 | value
    return mark


def has_blank(mark: int, name: str) -> bool:
    """Return whether a nickname has a blank behind it in this export."""
    return bool(lasting_hash("export_blank", f"{mark}\x1f{name}")[0] & 1)


def row_hash(name: str, added: str) -> bytes:
    """Return eight bytes that are the same for this row in every export."""
    return lasting_hash("export_row", f"{bare_name(name)}\x1f{added}")[:HASH_BYTES]


def sketch_of(hashes: Iterable[bytes]) -> bytes:
    """Return the smallest hashes of a file: what half of a file still shares with the whole."""
    return b"".join(sorted(set(hashes))[:SKETCH_ROWS])


@dataclass(frozen=True)
class Leaked:
    """What was read of a file that came back: row codes, nickname cells as they are, hashes of rows."""

    codes: Collection[int]
    names: Sequence[str]
    hashes: Collection[bytes]


def agreement(mark: int, cells: Sequence[str]) -> float:
    """Return the share of different nicknames whose blank is as this export would have it; 0 for too few rows."""
    seen: dict[str, bool] = {}
    for cell in cells:
        # What an encoding could not hold comes back as question marks.
        visible = "".join(char for char in cell if char not in INVISIBLE).rstrip("?")
        if bare := visible.strip():
            seen[bare] = visible.endswith(" ")
    if len(seen) < LEAST_ROWS or len(set(seen.values())) < 2:
        return 0.0
    agreeing = sum(has_blank(mark, name) == blank for name, blank in seen.items())
    return agreeing / len(seen)


def shared(sketch: bytes, hashes: Collection[bytes]) -> float:
    """Return the share of an export's sketch that a file holds."""
    held = {sketch[at : at + HASH_BYTES] for at in range(0, len(sketch), HASH_BYTES)}
    return len(held & set(hashes)) / len(held) if held else 0.0


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=False))
