"""The file of WeCom's asynchronous import, made from accounts as they will be."""

import csv
import io
from collections.abc import Iterable

from contacts.directory.services import AccountWritten
from contacts.oa_sync.columns import mapping

# A cell that begins so would be run as a formula by whoever opens the file.
FORMULA_STARTS = ("=", "+", "-", "@")


def import_file(accounts: Iterable[AccountWritten]) -> bytes:
    """Return the CSV: UTF-8, one account a row, departments by their id."""
    columns: dict[str, str] = mapping()["import"]
    words: dict[str, str] = mapping()["import_words"]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns.values())
    for account in accounts:
        cells = {
            "userid": account.userid,
            "name": account.name,
            "phone": account.phone.removeprefix("+86"),
            "department_id": account.department_id,
            "position": account.position,
            "gender": words.get(account.gender, ""),
            "leader_userid": account.leader_userid,
        }
        writer.writerow([cells[field] for field in columns])
    return out.getvalue().encode("utf-8-sig")


def says_all(account: AccountWritten, changed: Iterable[str]) -> bool:
    """Return whether a file can say this change: a blank cell means "as it is", and a formula stays unsaid."""
    cells = {
        "name": account.name,
        "phone": account.phone,
        "position": account.position,
        "gender": account.gender,
        "leader": account.leader_userid,
        "department": str(account.department_id),
    }
    blank = any(not cells[field] for field in changed)
    spoken = (account.name, account.position)
    return not blank and not any(text.startswith(FORMULA_STARTS) for text in spoken)
