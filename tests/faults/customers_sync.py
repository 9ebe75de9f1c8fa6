"""F13, F14: a full sync that is killed and lied to, and an endpoint that was away; on a corp and a database of their own."""

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2

from tests.faults.harness import Outcome
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control

ROOT = Path(__file__).resolve().parents[2]
# Nobody else's broker, rates and places.
REDIS_NUMBER = 15
BOOT_SECONDS, ACT_SECONDS = 120.0, 1800.0
# F13: a full form of 2,000 guides with a million relations, killed ten times.
LARGE, SMALL = (2000, 1_000_000, 10), (100, 12_000, 2)
ERRORS = 0.01
Change = tuple[str, str, str]


@dataclass
class Side:
    """A sandbox of a drawn corp, and our program beside it."""

    url: str
    control: Control
    environment: dict[str, str]
    members: int
    relations: int
    kills: int
    deaths: list[str] = field(default_factory=list)

    def act(self, *arguments: str) -> dict[str, Any]:
        """Do one thing in a process of its own and return what it says."""
        done = subprocess.run(
            self._command(*arguments),
            cwd=ROOT,
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=ACT_SECONDS,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def worker(self, job_id: str) -> "subprocess.Popen[bytes]":
        """Start a process that works on a job."""
        return subprocess.Popen(
            self._command("work", job_id),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )

    def pages(self) -> int:
        """Return how many pages WeCom has been asked for."""
        return self._figure("SELECT coalesce(sum(pages), 0) FROM customers_syncchain")

    def _figure(self, sql: str) -> int:
        connection = psycopg2.connect(self.environment["DATABASE_URL"])
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                row = cursor.fetchone()
                return int(row[0]) if row else 0
        finally:
            connection.close()

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.faults.sync_side", *arguments]


@contextmanager
def side(*, short: bool) -> Iterator[Side]:
    """Draw a corp in a sandbox of its own and give our program an empty database."""
    members, relations, kills = SMALL if short else LARGE
    server = os.environ["DATABASE_URL"]
    name = f"scrm_sync_{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="scrm-sync-") as folder:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        command = [
            sys.executable, "-m", "wecom_sandbox", "--port", str(port), "--state-file", f"{folder}/corp.sqlite3",
            "--members", str(members), "--relations", str(relations), "--seed", "1",
        ]  # fmt: skip
        simulator = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        try:
            _execute(server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
            environment = _environment(urlunsplit(urlsplit(server)._replace(path=f"/{name}")), url)
            _tables_make(server, environment)
            _answers(port)
            yield Side(url, Control(url), environment, members, relations, kills)
        finally:
            simulator.terminate()
            simulator.wait(30)
            _execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _tables_make(server: str, environment: dict[str, str]) -> None:
    """Give an empty database the tables of the stack's own: copied where pg_dump is at hand, else by every migration."""
    dumped = _dump(server)
    if dumped:
        command = ["psql", "-q", environment["DATABASE_URL"]]
        subprocess.run(command, input=dumped, stdout=subprocess.DEVNULL, check=True)
        return
    command = [sys.executable, "manage.py", "migrate", "-v", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _dump(server: str) -> bytes:
    try:
        done = subprocess.run(
            ["pg_dump", "--schema-only", "--no-owner", server], capture_output=True, check=False
        )
    except FileNotFoundError:
        return b""
    return done.stdout if done.returncode == 0 and b"customers_syncchain" in done.stdout else b""


def _environment(database: str, url: str) -> dict[str, str]:
    redis = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{REDIS_NUMBER}")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "scrm.settings.dev"),
        "DATABASE_URL": database,
        "REDIS_URL": urlunsplit(redis),
        "SCRM_LOG_LEVEL": "CRITICAL",
        "WECOM_API_BASE": url,
        "WECOM_CORP_ID": defaults.CORP_ID,
        "WECOM_AGENT_ID": str(defaults.AGENT_ID),
        "WECOM_AGENT_SECRET": defaults.APP_SECRET,
        "WECOM_CB_TOKEN": defaults.CALLBACK_TOKEN,
        "WECOM_CB_AES_KEY": defaults.CALLBACK_AES_KEY,
    }


def _execute(url: str, *statements: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> None:
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the sandbox did not start")


# --- F13 -----------------------------------------------------------------------------------------------------


def sync_killed(*, short: bool) -> Outcome:
    """F13: killed at random points while 1 % of the calls fail; in the end both sides are equal, and nobody is lost."""
    outcome = Outcome()
    with side(short=short) as ours:
        ours.control.post(
            "faults",
            {"endpoint": "externalcontact/*", "kind": "errcode", "value": -1, "rate": ERRORS / 2, "seed": 7},
        )  # fmt: skip
        ours.control.post(
            "faults",
            {"endpoint": "externalcontact/*", "kind": "http_500", "value": 502, "rate": ERRORS / 2, "seed": 8},
        )  # fmt: skip
        began = time.monotonic()
        for number in range(2):
            # The first run fills an empty mirror; the second one could lose somebody.
            _one_run(ours, outcome, random.Random(number), first=number == 0)
        hits = sum(fault["hits"] for fault in ours.control.get("faults"))
        outcome.notes.append(
            f"{ours.relations:,} relations of {ours.members:,} members, {len(ours.deaths)} kills "
            f"({', '.join(ours.deaths)}), {hits} calls failed, {time.monotonic() - began:.0f} s"
        )
        if not hits:
            outcome.notes.append("WRONG no call failed: the fault was not put to the test")
    return outcome


def _one_run(ours: Side, outcome: Outcome, dice: random.Random, *, first: bool) -> None:
    run = ours.act("start")
    begun_at = ours.pages()
    all_pages = ours.relations / 100
    kills = ours.kills if first else max(1, ours.kills // 3)
    asked_before = _calls(ours)
    points = sorted(dice.uniform(0.05, 0.9) for _kill in range(kills))
    for point in points:
        _kill_at(ours, run["job"], begun_at + point * all_pages, outcome)
    ended = ours.act("work", run["job"])
    figures = ours.act("figures", run["run"])
    compared = ours.act("compare", ours.url, str(ours.members))
    if ended["state"] != "done" or figures["outcome"] != "complete" or figures["faults"]:
        outcome.notes.append(f"WRONG the run ended {ended} {figures}")
    if compared["wrong"]:
        outcome.lost |= set(compared["first"]) | {f"{compared['wrong']} relations differ"}
    if compared["relations"] != ours.relations:
        outcome.notes.append(f"WRONG WeCom has {compared['relations']} relations")
    if figures["all_lost"]:
        outcome.lost.add(f"{figures['all_lost']} false losses")
    # A call that failed was asked again by the gateway; what a kill cost is at most one page a chain in flight.
    again = _calls(ours) - asked_before - figures["pages"]
    most = kills * min(32, figures["chains"]) + ours.relations / 100 * ERRORS * 3 + 20
    outcome.notes.append(
        f"{figures['pages']} pages, {again} asked again, equal: {not compared['wrong']}"
    )
    if again > most:
        outcome.notes.append(f"WRONG {again} pages asked again, at most {most:.0f} are explained")


def _calls(ours: Side) -> int:
    return len(ours.control.get("ledger/calls", api="externalcontact/batch/get_by_user"))


def _kill_at(ours: Side, job_id: str, pages: float, outcome: Outcome) -> None:
    worker = ours.worker(job_id)
    end = time.monotonic() + ACT_SECONDS
    while worker.poll() is None and ours.pages() < pages and time.monotonic() < end:
        time.sleep(0.02)
    if worker.poll() is not None:
        outcome.notes.append("WRONG it was over before it could be killed")
        return
    worker.kill()
    worker.wait()
    ours.deaths.append(f"at page {ours.pages()}")


# --- F14 -----------------------------------------------------------------------------------------------------


def endpoint_away(*, short: bool) -> Outcome:
    """F14: nobody hears WeCom for half an hour of changes; one comparison finds all of them, and says which."""
    outcome = Outcome()
    with side(short=short) as ours:
        first = ours.act("start")
        ours.act("work", first["job"])
        expected = _changes(ours, 500 if short else 5000)
        began = time.monotonic()
        run = ours.act("start")
        ours.act("work", run["job"])
        took = time.monotonic() - began
        found = {(kind, userid, external) for kind, userid, external in ours.act("missed", run["run"])["rows"]}  # fmt: skip
        outcome.lost |= {f"not found: {change}" for change in expected - found}
        outcome.doubled |= {
            f"found though nothing happened: {change}" for change in found - expected
        }
        compared = ours.act("compare", ours.url, str(ours.members))
        if compared["wrong"]:
            outcome.lost |= {f"{compared['wrong']} relations differ", *compared["first"]}
        outcome.notes.append(
            f"{len(expected):,} changes, {len(found & expected):,} found and listed, {took:.0f} s on the button"
        )
        if took > 600:
            outcome.notes.append("WRONG it took longer than ten minutes")
    return outcome


def _changes(ours: Side, count: int) -> set[Change]:
    """Change relations in every way while nobody listens; returns what a comparison has to find."""
    dice = random.Random(5)
    tags = [tag["id"] for group in ours.control.get("ledger/tags") for tag in group["tag"]]
    expected: set[Change] = set()
    used: set[str] = set()
    drawn = [f"guide{number:04d}" for number in dice.sample(range(1, ours.members + 1), min(ours.members, 100))]  # fmt: skip
    rows = [row for userid in drawn for row in ours.control.get("relations", userid=userid, limit=300)]  # fmt: skip
    dice.shuffle(rows)
    kinds = ("delete", "tags", "transfer", "add", "remark")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        if kind == "add":
            userid = drawn[number % len(drawn)]
            person = ours.control.post("people", {"name": f"F14 {number}"})
            ours.control.post("add", {"userid": userid, "person_id": person["id"]})
            expected.add(("added", userid, person["external_userid"]))
            continue
        row = next(each for each in iter(rows.pop, None) if each["external_userid"] not in used)
        used.add(row["external_userid"])
        expected |= _change(ours, dice, kind, row, tags, number)
    return expected


def _change(
    ours: Side, dice: random.Random, kind: str, row: dict[str, Any], tags: list[str], number: int
) -> set[Change]:
    userid, external = row["userid"], row["external_userid"]
    pair = {"userid": userid, "person_id": row["person_id"]}
    if kind == "delete":
        ours.control.post("delete", pair | {"by": dice.choice(("customer", "member"))})
        return {("lost", userid, external)}
    if kind == "tags":
        wanted = [dice.choice([tag for tag in tags if tag not in row["tags"]])]
        ours.control.post("edit_remark", pair | {"tags": wanted})
        return {("tags", userid, external)}
    if kind == "remark":
        ours.control.post("edit_remark", pair | {"remark": f"F14 {number}"})
        return {("remark", userid, external)}
    other = f"guide{int(userid.removeprefix('guide')) % ours.members + 1:04d}"
    ours.control.post("hand_over", pair | {"takeover": other})
    return {("handed", userid, external), ("received", other, external)}
