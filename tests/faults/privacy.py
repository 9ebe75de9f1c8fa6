"""F27: field key, blind-index key, SECRET_KEY, callback pair and WeCom secret changed while people scan, read, write and look up."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psutil
import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from contacts.parameters.selectors import purpose_key
from customers.crm.models import CrmMember
from customers.crm.selectors import members_search
from customers.crm.services import members_upsert
from scrm.core.crypto import DecryptionError
from scrm.core.jobs.models import JobRun
from scrm.demo.stack import CHECKOUT, answers, wait_for
from scrm.demo.story import scans
from tests.faults.harness import Arena, Outcome
from tests.faults.key_people import PREFIX, phone_of, planted
from tests.faults.renewing import Doors

DIED = '[{"role": "?", "done": 0, "wrong": ["died"], "count": 1}]'
ROLES = ("reader", "lookup", "writer")
# Answers of which not one came from a server that is still starting.
IN_A_ROW = 12
GROUPS = (("web-1", "inbox-1", "worker"), ("web-2", "inbox-2", "beat"))


SERVERS = ("web-1", "web-2")


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass
class People:
    """The processes of one step, and what earlier ones said."""

    count: int
    running: list["subprocess.Popen[str]"] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)

    def start(self, env: Mapping[str, str]) -> None:
        """Start readers and writers with these keys; then end those before: somebody is always at work."""
        former, self.running = self.running, []
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.key_people", str(self.count)],
            cwd=CHECKOUT,
            env=dict(env),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        if process.stdout is not None:
            process.stdout.readline()
        self._end(former)

    def stop(self) -> None:
        """End everybody."""
        self._end(self.running)
        self.running = []

    def _end(self, processes: list["subprocess.Popen[str]"]) -> None:
        for process in processes:
            process.terminate()
            said, _errors = process.communicate(timeout=60)
            self.said += json.loads(said or DIED)


class Rotation:
    """One change of all keys, step by step, on the running stack."""

    def __init__(self, arena: Arena, rows: int) -> None:
        values = arena.stack.environment.values
        self.arena, self.rows, self.outcome = arena, rows, Outcome()
        self.people = People(rows)
        self.old = {name: values[name] for name in ("SCRM_FIELD_KEYS", "SCRM_BLIND_INDEX_KEY", "SECRET_KEY")}  # fmt: skip
        new_id = f"n{os.urandom(3).hex()}"
        self.new = {
            "SCRM_FIELD_KEYS": f"{new_id}:{_key()}",
            "SCRM_BLIND_INDEX_KEY": _key(),
            "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
        }
        lasting = base64.b64encode(purpose_key()).decode()
        self.parameter = values.get("SCRM_PARAMETER_KEY") or lasting
        self.doors = Doors(arena.play, self.outcome)

    def both(self, first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which `first` writes and `second` still reads."""
        names = ("SCRM_FIELD_KEYS", "SCRM_BLIND_INDEX_KEY")
        return {
            **{name: f"{first[name]},{second[name]}" for name in names},
            "SECRET_KEY": first["SECRET_KEY"],
            "SECRET_KEY_FALLBACKS": second["SECRET_KEY"],
        }

    def roll(self, changes: Mapping[str, str]) -> None:
        """Restart every process with other keys, one half after the other; nobody is without a server."""
        stack = self.arena.stack
        values = {**stack.environment.values, **changes, "SCRM_PARAMETER_KEY": self.parameter}
        stack.environment = replace(stack.environment, values=values)
        self.arena.play.environment = stack.environment
        os.environ.update(values)
        settings.FIELD_KEYS = values["SCRM_FIELD_KEYS"]
        settings.BLIND_INDEX_KEY = values["SCRM_BLIND_INDEX_KEY"]
        settings.PARAMETER_KEY = self.parameter
        settings.SECRET_KEY = values["SECRET_KEY"]
        settings.SECRET_KEY_FALLBACKS = [
            each for each in values.get("SECRET_KEY_FALLBACKS", "").split(",") if each
        ]
        for group in GROUPS:
            stopped = [stack.running.pop(name) for name in group]
            for keeper in stopped:
                keeper.terminate()
            for keeper in stopped:
                keeper.wait(30)
            for name in group:
                stack.start_part(name)
            if not self._all_answer():
                self.outcome.notes.append("WRONG a server did not come back")
        self.people.start(stack.environment.child())

    def _all_answer(self) -> bool:
        """Wait until each server listens, and then until one request after another is answered.

        The servers share a port: of one that does not listen yet the other one's answers tell nothing, and one
        that listens takes its part of the requests while it is still starting.
        """
        stack = self.arena.stack
        address = f"{stack.environment.web_url}/readyz"
        return wait_for(
            lambda: all(
                _listens(stack.running[name].pid, stack.environment.web_port) for name in SERVERS
            ),
            120,
        ) and wait_for(lambda: all(answers(address) for _each in range(IN_A_ROW)), 120)

    def rewrite(self, what: str) -> None:
        """Rewrite all rows, killed with -9 in the middle and begun again."""
        env = self.arena.stack.environment.child()
        command = [sys.executable, "manage.py", "keys", "rotate", what]
        first = subprocess.Popen(command, cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        job = JobRun.objects.filter(kind="keys.rotate", key=what)
        moved = wait_for(
            lambda: job.filter(processed__gt=0).exists() or first.poll() is not None, 60, 0.01
        )
        killed = first.poll() is None
        if killed:
            first.send_signal(signal.SIGKILL)
        first.wait(30)
        done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)  # fmt: skip
        # Of one that was done before it could be killed nothing is left to begin again, which is no error.
        if done.returncode:
            self.outcome.notes.append(f"WRONG keys rotate {what}: {done.stderr[-200:]}")
        check = [sys.executable, "manage.py", "keys", "check", what]
        judged = subprocess.run(check, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)  # fmt: skip
        if judged.returncode:
            self.outcome.notes.append(
                f"WRONG the former key is still needed: {judged.stdout[-200:]}"
            )
        self.outcome.notes.append(
            f"{what} rewritten{', killed -9 on the way' if killed and moved else ''}"
        )

    def still_logged_in(self, moment: str) -> None:
        """Open a page of headquarters in the session of before."""
        browser = self.arena.play.hq
        try:
            # Who is logged out is sent to the log-in, which answers 200.
            status = browser.session.get(
                f"{browser.base_url}/console/customers/", allow_redirects=False, timeout=20
            ).status_code
        except requests.RequestException as error:
            self.outcome.notes.append(f"WRONG no page {moment}: {type(error).__name__}")
            return
        if status != 200:
            self.outcome.notes.append(f"WRONG {status} for headquarters {moment}")

    def verdict(self) -> None:
        """Count what went wrong for anybody, and try the former keys alone."""
        for said in self.people.said:
            if said["count"]:
                self.outcome.lost.add(f"{said['role']}: {said['count']} wrong, {said['wrong']}")
        for role in ROLES:
            done = sum(said["done"] for said in self.people.said if said["role"] == role)
            self.outcome.notes.append(f"{role}: {done} times")
            if not done:
                self.outcome.notes.append(f"WRONG no {role} came to work")
        current = (settings.FIELD_KEYS, settings.BLIND_INDEX_KEY)
        settings.FIELD_KEYS = self.old["SCRM_FIELD_KEYS"]
        settings.BLIND_INDEX_KEY = self.old["SCRM_BLIND_INDEX_KEY"]
        opened = sum(_opens(row) for row in CrmMember.objects.filter(member_no__startswith=PREFIX))
        found = members_search(CrmMember.objects.all(), phone_of(0)).count()
        settings.FIELD_KEYS, settings.BLIND_INDEX_KEY = current
        if opened or found:
            self.outcome.notes.append(f"WRONG the old keys open {opened} and find {found}")
        else:
            self.outcome.notes.append("the old keys open nothing and find nobody")


def _listens(keeper: int, port: int) -> bool:
    """Say whether a process that a keeper keeps running takes connections at a port."""
    try:
        return any(
            each.status == psutil.CONN_LISTEN and each.laddr.port == port
            for process in psutil.Process(keeper).children(recursive=True)
            for each in process.net_connections(kind="tcp")
        )
    except psutil.Error:
        return False


def _opens(row: CrmMember) -> bool:
    try:
        return bool(row.phone)
    except (DecryptionError, ImproperlyConfigured):
        return False


def keys_rotated(arena: Arena, rows: int) -> Outcome:
    """Plant members, let people scan, and change every key in three steps."""
    rotation = Rotation(arena, rows)
    for start in range(0, rows, 1000):
        members_upsert([planted(n) for n in range(start, min(start + 1000, rows))], source="api")
    scanned = arena.people(30)
    scanning = threading.Thread(target=scans.scan, args=(arena.play, scanned, 25.0))
    rotation.people.start(arena.stack.environment.child())
    rotation.doors.taken_into_console()
    scanning.start()
    try:
        rotation.roll({**rotation.both(rotation.old, rotation.new), **rotation.doors.EMPTY})
        rotation.doors.pair_renewed()
        rotation.roll(rotation.both(rotation.new, rotation.old))
        rotation.still_logged_in("while both SECRET_KEYs hold")
        rotation.doors.secret_renewed()
        rotation.rewrite("fields")
        rotation.rewrite("indexes")
        rotation.doors.pair_ended()
        rotation.roll({**rotation.new, "SECRET_KEY_FALLBACKS": ""})
        rotation.still_logged_in("without the former SECRET_KEY")
    finally:
        scanning.join()
        rotation.people.stop()
    rotation.verdict()
    rotation.doors.verdict()
    seen = arena.compare(scanned, read_all=False)
    rotation.outcome.lost |= seen.lost
    rotation.outcome.doubled |= seen.doubled
    rotation.outcome.notes += seen.notes
    CrmMember.objects.filter(member_no__startswith=PREFIX).delete()
    return rotation.outcome
