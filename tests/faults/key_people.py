"""`python -m tests.faults.key_people ROWS`: reads, writes and looks up encrypted rows until it is told to stop.

Prints what it did and what went wrong as JSON. Started with the keys of one step of a rotation.
"""

import json
import random
import signal
import sys
import threading
import time
from typing import Any

import django

django.setup()

from customers.crm.models import CrmMember  # noqa: E402
from customers.crm.rows import MemberRow  # noqa: E402
from customers.crm.selectors import members_search  # noqa: E402
from customers.crm.services import members_upsert  # noqa: E402

PREFIX = "F27-"
# Between two acts of one: the servers under test run on the same two cores.
PAUSE_SECONDS = 0.002
stopped = False


def phone_of(number: int) -> str:
    """Return the phone of one planted member."""
    # Not of the numbers other faults hand out: a lookup must find one member alone.
    return f"+86137{number:08d}"


def planted(number: int, name: str = "") -> MemberRow:
    """Return the row of one planted member."""
    key = f"{PREFIX}{number}"
    values = {"member_no": key, "phone": phone_of(number), "name": name or f"Member {number}"}
    return MemberRow(key, values)


def _stop(_signal: int, _frame: Any) -> None:
    global stopped
    stopped = True


def _read(number: int) -> bool:
    return CrmMember.objects.get(member_no=f"{PREFIX}{number}").phone == phone_of(number)


def _look_up(number: int) -> bool:
    found = members_search(CrmMember.objects.all(), phone_of(number))
    return [row.member_no for row in found] == [f"{PREFIX}{number}"]


def _write(number: int) -> bool:
    members_upsert([planted(number, f"Member {number} {random.random()}")], source="api")
    return True


ACTS = {"reader": _read, "lookup": _look_up, "writer": _write}


def _act(role: str, count: int, said: list[dict[str, Any]]) -> None:
    """Do one thing again and again until told to stop."""
    done, wrong = 0, []
    while not stopped:
        number = random.randrange(count)
        try:
            if not ACTS[role](number):
                wrong.append(f"{role} {number}")
        except Exception as error:  # noqa: BLE001 -- every error is counted
            wrong.append(f"{type(error).__name__}: {error}")
        done += 1
        time.sleep(PAUSE_SECONDS)
    said.append({"role": role, "done": done, "wrong": wrong[:5], "count": len(wrong)})


def main() -> None:
    """Read, write and look up at the same time until SIGTERM."""
    signal.signal(signal.SIGTERM, _stop)
    said: list[dict[str, Any]] = []
    threads = [threading.Thread(target=_act, args=(role, int(sys.argv[1]), said)) for role in ACTS]
    for thread in threads:
        thread.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
