"""Rows `sandbox.*`: CPU of one page of the sandbox among 3,000,000 relations, and its memory after thousands of pages.

The sandbox runs as its users run it, a process of its own behind HTTP; its CPU time is read from the system.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.database import ROOT
from benchmarks.rows import Benchmark, Options, Row, budget
from wecom_sandbox import defaults

MEMBERS, RELATIONS = 2_000, 3_000_000
# Rows of a page whose request names no limit (92994); the row "batch" asks for the hundred WeCom allows at most.
WECOM_PAGE = 50
PAGE_MS, MEMORY_MB = 5.0, 2048.0
_MEGABYTE = 1024 * 1024
_API = "/cgi-bin/externalcontact"


@dataclass
class Corp:
    """A running sandbox with a large corp."""

    base_url: str
    process: psutil.Process
    token: str = ""

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the JSON of one call; a body makes it a POST."""
        mark = "&" if "?" in path else "?"
        request = urllib.request.Request(
            f"{self.base_url}{path}{mark}access_token={self.token}",
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.loads(reply.read())

    def cpu_ms(self) -> float:
        """Return user and system time of the sandbox so far."""
        times = self.process.cpu_times()
        return (times.user + times.system) * 1000


def run(options: Options) -> list[Row]:
    """Measure each kind of page over members it has not shown before; the best round counts."""
    rounds, pages = (4, 50) if options.smoke else (16, 60)
    with _corp() as corp:
        kinds: dict[str, Callable[[int], None]] = {
            "sandbox.batch": lambda turn: _batch(corp, turn),
            "sandbox.chain": _Chain(corp),
            "sandbox.list": lambda turn: _list(corp, turn),
            "sandbox.get": lambda turn: _get(corp, external[turn % len(external)]),
        }
        external = [_external_userid(corp, turn) for turn in range(0, rounds * pages, 4)]
        best = dict.fromkeys(kinds, float("inf"))
        for number in range(rounds):
            for name, ask in kinds.items():
                began = corp.cpu_ms()
                for turn in range(number * pages, (number + 1) * pages):
                    ask(turn)
                best[name] = min(best[name], (corp.cpu_ms() - began) / pages)
        memory = corp.process.memory_info().rss / _MEGABYTE
    note = f"{RELATIONS:,} relations of {MEMBERS:,} members, over HTTP"
    limits = {"sandbox.batch": PAGE_MS * 100 / WECOM_PAGE}
    rows = [
        budget(name, ours, limits.get(name, PAGE_MS), "ms CPU", note) for name, ours in best.items()
    ]
    return [*rows, budget("sandbox.memory", memory, MEMORY_MB, "MB", note)]


def _userid(turn: int) -> str:
    return f"guide{turn * 7 % MEMBERS + 1:04d}"


def _batch(corp: Corp, turn: int) -> None:
    body = {"userid_list": [_userid(turn)], "limit": 100}
    found = corp.call(f"{_API}/batch/get_by_user", body)["external_contact_list"]
    if len(found) != 100:
        raise AssertionError(f"a page of {len(found)}")


class _Chain:
    """The pages of a full sync: a hundred members at once, from cursor to cursor."""

    def __init__(self, corp: Corp) -> None:
        self._corp, self._cursor = corp, ""
        self._userids = [f"guide{number:04d}" for number in range(1, 101)]

    def __call__(self, turn: int) -> None:
        body = {"userid_list": self._userids, "cursor": self._cursor}
        answer = self._corp.call(f"{_API}/batch/get_by_user", body)
        if len(answer["external_contact_list"]) != WECOM_PAGE:
            raise AssertionError(f"a page of {len(answer['external_contact_list'])}")
        self._cursor = answer["next_cursor"]


def _list(corp: Corp, turn: int) -> None:
    found = corp.call(f"{_API}/list?userid={_userid(turn)}")["external_userid"]
    if len(set(found)) != len(found) or len(found) < 100:
        raise AssertionError(f"{_userid(turn)} has {len(found)}")


def _get(corp: Corp, external_userid: str) -> None:
    answer = corp.call(f"{_API}/get?external_userid={external_userid}")
    if not answer["follow_user"]:
        raise AssertionError(f"nobody follows {external_userid}")


def _external_userid(corp: Corp, turn: int) -> str:
    """Somebody far from the last one."""
    return str(corp.call(f"/sandbox/api/people?offset={turn * 1009}&limit=1")[0]["external_userid"])


@contextmanager
def _corp() -> Iterator[Corp]:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "wecom_sandbox", "--port", "0", "--state-file", str(Path(folder) / "state"),
        ]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            corp = Corp(_address(process), psutil.Process(process.pid))
            wanted = {"members": MEMBERS, "relations": RELATIONS}
            corp.call("/sandbox/api/seed_scale", wanted)
            query = f"corpid={defaults.CORP_ID}&corpsecret={defaults.APP_SECRET}"
            corp.token = corp.call(f"/cgi-bin/gettoken?{query}")["access_token"]
            yield corp
        finally:
            process.terminate()
            process.wait(20)


def _address(process: subprocess.Popen[str]) -> str:
    """The address in the sandbox's first line."""
    assert process.stdout is not None
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for word in process.stdout.readline().split():
            if word.startswith("http://"):
                return word
    raise RuntimeError("the sandbox did not start within 60 s")


BENCHMARK = Benchmark("sandbox", run, has_database=False)
