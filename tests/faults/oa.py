"""F18, F19, F20: an OA or an address book that cannot be trusted, and a worker that dies in each phase of a run."""

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.urls import reverse

from contacts.directory.models import Member
from contacts.oa_sync.columns import columns_of
from contacts.oa_sync.models import OaRun
from customers.relations.models import FollowRelation
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.demo import figures
from scrm.demo.stack import wait_for
from scrm.demo.story.company import upload, wait_for_run
from scrm.demo.story.report import WrongFigureError
from tests.faults.harness import Arena, Outcome

Table = list[list[str]]
DELETING = ("user/delete", "user/batchdelete", "batch/replaceuser", "department/delete")
# Endings of a reading; none of them has written anything.
READ = {"planned", "held", "unchanged", "failed"}
# What holds no row at all does not get past the form.
REFUSED = "refused"
# A job's message can die with the worker that was just being given it; then the sweep waits QUEUE_PATIENCE.
PHASE_SECONDS = jobs.QUEUE_PATIENCE.total_seconds() + 60.0
RUN_SECONDS = jobs.QUEUE_PATIENCE.total_seconds() + 120.0
LATENCY = 1.5
HIRED = 30
# How many get another post, and how many another department.
CHANGED = MOVED = 6
POST = "F19 post"


@dataclass(frozen=True)
class Lie:
    """What the OA answers, and how its run must end; `removals` is what the plan would do, unless approved."""

    name: str
    employees: bytes
    departments: bytes
    status: str
    removals: int | None = None


class Files:
    """The OA's two tables, to be bent."""

    def __init__(self, arena: Arena) -> None:
        files = arena.play.files
        self.departments = _table(files.departments_csv)
        self.employees = _table(files.employees_csv)
        self._at = {
            field: self.employees[0].index(header)
            for field, header in columns_of("employees", self.employees[0]).items()
        }
        self._node = {
            field: self.departments[0].index(header)
            for field, header in columns_of("departments", self.departments[0]).items()
        }

    def people(self, change: Callable[[Table], Table] = lambda rows: rows) -> bytes:
        """Return the employees, their rows changed."""
        return _csv([self.employees[0], *change([list(row) for row in self.employees[1:]])])

    def tree(self, change: Callable[[Table], Table] = lambda rows: rows) -> bytes:
        """Return the departments, their rows changed."""
        return _csv([self.departments[0], *change([list(row) for row in self.departments[1:]])])

    def all_set(self, field: str, value: str) -> Callable[[Table], Table]:
        """Return what puts one cell into every employee."""
        return lambda rows: [_with(row, self._at[field], value) for row in rows]

    def twice(self, rows: Table) -> Table:
        """Return every employee twice, with different names."""
        return rows + [_with(row, self._at["name"], f"{row[self._at['name']]}2") for row in rows]

    def circles(self, rows: Table) -> Table:
        """Return departments that are their own parents."""
        return [_with(row, self._node["parent_code"], row[self._node["code"]]) for row in rows]

    def hired(self, rows: Table, left: Sequence[str]) -> Table:
        """Return the employees without some, others changed or moved, and 30 new ones in a new department."""
        kept = [row for row in rows if row[self._at["job_number"]] not in left]
        changed = [_with(row, self._at["post"], POST) for row in kept[-MOVED - CHANGED : -MOVED]]
        moved = [_with(row, self._at["department_code"], "F19") for row in kept[-MOVED:]]
        kept = [*kept[: -MOVED - CHANGED], *changed, *moved]
        made = []
        for number in range(HIRED):
            row = list(rows[1])
            cells = {"job_number": f"F19{number:03d}", "name": f"F19 {number}", "phone": f"1770019{number:04d}",
                     "department_code": "F19", "leader_job_number": ""}  # fmt: skip
            for field, value in cells.items():
                row[self._at[field]] = value
            made.append(row)
        return [*kept, *made]

    def grown(self, rows: Table) -> Table:
        """Return the departments and a new one below the first branch."""
        row = [""] * len(rows[0])
        cells = {"code": "F19", "name": "F19", "parent_code": rows[1][self._node["code"]]}
        for field, value in cells.items():
            row[self._node[field]] = value
        return [*rows, row]

    def moved(self, left: Sequence[str]) -> list[str]:
        """Return the job numbers of those `hired` moves."""
        numbers = [row[self._at["job_number"]] for row in self.employees[1:]]
        return [number for number in numbers if number not in left][-MOVED:]

    def last(self, count: int) -> list[str]:
        """Return the job numbers of the last employees."""
        return [row[self._at["job_number"]] for row in self.employees[-count:]]


def _table(content: bytes) -> Table:
    return list(csv.reader(io.StringIO(content.decode("gbk"))))


def _csv(rows: Table) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("gbk")


def _with(row: list[str], place: int, value: str) -> list[str]:
    return [*row[:place], value, *row[place + 1 :]]


def _share(rows: Table, share: float) -> Table:
    return rows[: int(len(rows) * share)]


def lies(files: Files) -> list[Lie]:
    """Return what an OA may answer on a bad day."""
    good, tree = files.people(), files.tree()
    half = good[: len(good) // 2]
    return [
        Lie("an empty list", files.people(lambda rows: []), tree, "held"),
        Lie("90 % missing", files.people(lambda rows: _share(rows, 0.1)), tree, "held"),
        Lie("10.1 % missing", files.people(lambda rows: _share(rows, 0.899)), tree, "held"),
        Lie("every row twice, different", files.people(files.twice), tree, "held"),
        Lie("all names blank", files.people(files.all_set("name", "")), tree, "held"),
        Lie("all job numbers blank", files.people(files.all_set("job_number", "")), tree, "held"),
        Lie("all left", files.people(files.all_set("state", "离职")), tree, "held"),
        Lie("departments in circles", good, files.tree(files.circles), "held"),
        Lie("no departments", good, files.tree(lambda rows: []), "held"),
        Lie("half a file", half, tree, "held"),
        Lie("an error page", b"<html><body>502 Bad Gateway</body></html>", tree, "failed"),
        Lie("a blank line", b"\r\n", tree, REFUSED),
        Lie("JSON for a table", b'{"errcode": 500}', tree, "failed"),
        Lie("yesterday's file", files.people(lambda rows: rows[:-3]), tree, "planned", 3),
    ]


def oa_lies(arena: Arena) -> Outcome:
    """F18: every lie leads to a plan that waits, or to none; nobody is disabled and nothing deleted."""
    outcome, files = Outcome(), Files(arena)
    before, calls = _accounts(arena), _writes(arena)
    for lie in lies(files):
        if lie.status == REFUSED:
            outcome.notes += _is_refused(arena, lie)
            continue
        run = _read(arena, lie.departments, lie.employees)
        if run.status != lie.status:
            outcome.notes.append(f"WRONG {lie.name}: {run.status}, not {lie.status}")
        if lie.removals is not None and run.removal_count != lie.removals:
            outcome.notes.append(f"WRONG {lie.name}: {run.removal_count} removals")
        if run.status == "held":
            outcome.notes += _waits_for_a_name(arena, run, lie.name)
    outcome.notes.append(f"{len(lies(files))} lies, 0 of them written")
    outcome.lost |= _changed(before, _accounts(arena))
    outcome.notes += _no_writes(calls, _writes(arena))
    back = _read(arena, files.tree(), files.people())
    outcome.notes.append(f"the true files again: {back.status}, {back.items.count()} changes")
    return outcome


def _waits_for_a_name(arena: Arena, run: OaRun, name: str) -> list[str]:
    """Return what is wrong where a click alone would let a held plan pass, or its difference cannot be had."""
    notes = []
    hq = arena.play.hq
    hq.send(
        reverse("oa_sync:approve", args=[run.pk]),
        {"reason": ""},
        page=reverse("oa_sync:detail", args=[run.pk]),
    )
    run.refresh_from_db()
    if run.status != "held":
        notes.append(f"WRONG {name}: a click without a reason led to {run.status}")
    if run.item_counts and not hq.file(reverse("oa_sync:plan", args=[run.pk])).startswith(b"PK"):
        notes.append(f"WRONG {name}: the difference cannot be downloaded")
    return notes


def _is_refused(arena: Arena, lie: Lie) -> list[str]:
    """Return what is wrong where a file without a row is taken, or the form does not say so."""
    before = figures.oa_run()["id"]
    try:
        _hand_in(arena, lie.departments, lie.employees)
    except WrongFigureError as refusal:
        if "answered 422" not in str(refusal):
            return [f"WRONG {lie.name}: {refusal}"]
    return [] if figures.oa_run()["id"] == before else [f"WRONG {lie.name}: it was read"]


def _hand_in(arena: Arena, departments: bytes, employees: bytes) -> None:
    """Send two files by HQ's form; raises WrongFigureError with the form's words when it refuses them."""
    files = {
        "departments": ("departments.csv", departments),
        "employees": ("employees.csv", employees),
    }
    arena.play.hq.send(reverse("oa_sync:upload"), {}, files, page=reverse("oa_sync:list"))


def _read(arena: Arena, departments: bytes, employees: bytes) -> OaRun:
    """Hand in two files and wait until they are read."""
    play = arena.play
    play.made["run_before"] = figures.oa_run()["id"]
    _hand_in(arena, departments, employees)
    found = wait_for_run(play, READ)
    return OaRun.objects.get(pk=found["id"])


def _accounts(arena: Arena) -> dict[str, tuple[Any, ...]]:
    """Return WeCom's own accounts: name, departments, state."""
    return {
        row["userid"]: (row["name"], tuple(row["department"]), row["status"])
        for row in arena.play.simulator.get("ledger/members")
    }


def _changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {f"account {userid}" for userid in before if before[userid] != after.get(userid)}


def _writes(arena: Arena) -> Counter[str]:
    rows = arena.play.simulator.get("ledger/calls")
    watched = ("user/create", "user/update", *DELETING)
    return Counter(row["api"] for row in rows if row["api"] in watched)


def _no_writes(before: Counter[str], after: Counter[str]) -> list[str]:
    made = after - before
    return [f"WRONG written to WeCom: {dict(made)}"] if made else []


def worker_dies(arena: Arena) -> Outcome:
    """F19: kill -9 of the worker in each phase of a run; it is resumed and every account is there once."""
    outcome, files = Outcome(), Files(arena)
    left = files.last(5)
    tree = files.tree(files.grown)
    people = files.people(lambda rows: files.hired(rows, left))
    before, kills = _writes(arena), arena.kills
    run = _read_while_dying(arena, tree, people, outcome)
    outcome.notes.append(f"plan: {run.item_counts}")
    arena.play.hq.send(
        reverse("oa_sync:approve", args=[run.pk]), {"reason": ""},
        page=reverse("oa_sync:detail", args=[run.pk]),
    )  # fmt: skip
    for name, endpoint, ready in APPLY_PHASES:
        with _slow(arena, endpoint):
            _kill_at(arena, name, lambda ready=ready: ready(_run(run)), outcome)  # type: ignore[misc]
        _hand_over(lambda: False, 1.0)
    _hand_over(lambda: _run(run).status in ("applied", "partial"), RUN_SECONDS)
    run = _run(run)
    outcome.notes.append(f"{run.status} after {arena.kills - kills} kills")
    if run.status != "applied":
        outcome.notes.append(f"WRONG items {Counter(run.items.values_list('status', 'outcome'))}")
    _compare_hired(arena, left, outcome)
    _compare_moved(arena, files.moved(left), outcome)
    deleted = [api for api in (_writes(arena) - before) if api in DELETING]
    outcome.notes += [f"WRONG deleted: {deleted}"] if deleted else ["nobody deleted"]
    again = _read(arena, tree, people)
    if again.items.count():
        outcome.notes.append(f"WRONG the same files plan {again.item_counts}")
    return outcome


def _read_while_dying(arena: Arena, tree: bytes, people: bytes, outcome: Outcome) -> OaRun:
    """Hand in the files while the worker dies in the phases of reading."""
    with _slow(arena, "user/list_id"):
        arena.play.made["run_before"] = figures.oa_run()["id"]
        _hand_in(arena, tree, people)
        _kill_at(arena, "reading the files", lambda: _job("oa_sync.plan", 0), outcome)
        _hand_over(lambda: _job("oa_sync.plan", 1), RUN_SECONDS)
        _kill_at(arena, "reading WeCom", lambda: _job("oa_sync.plan", 1), outcome)
    _kill_at(arena, "writing the plan", lambda: _job("oa_sync.plan", 2, resend=True), outcome)
    _hand_over(lambda: figures.oa_run()["status"] in READ, RUN_SECONDS)
    return OaRun.objects.get(pk=figures.oa_run()["id"])


def _job(kind: str, processed: int, *, resend: bool = False) -> bool:
    """Say whether the newest job of a kind runs and has come at least so far; `resend` hands lost ones over."""
    if resend:
        jobs.sweep()
    job = JobRun.objects.filter(kind=kind).order_by("-created_at").first()
    return job is not None and (
        (job.state == JobRun.State.RUNNING and job.processed >= processed)
        or job.state not in ACTIVE_STATES
    )


def _run(run: OaRun) -> OaRun:
    return OaRun.objects.get(pk=run.pk)


def _done(run: OaRun, kind: str) -> int:
    return run.items.filter(kind=kind, status="done").count()


# Name, the endpoint that is made slow so that the phase can be hit, and when the phase is reached.
APPLY_PHASES: tuple[tuple[str, str, Callable[[OaRun], bool]], ...] = (
    ("noting the employees", "department/create", lambda run: _job("oa_sync.apply", 0)),
    ("making departments", "department/create", lambda run: _job("oa_sync.apply", 0, resend=True)),
    ("moving accounts", "user/update", lambda run: _hit(run, "member_move", 2)),
    ("making the first accounts", "user/create", lambda run: _hit(run, "member_create", 2)),
    ("making more accounts", "user/create", lambda run: _hit(run, "member_create", 5)),
    ("changing accounts", "user/update", lambda run: _hit(run, "member_update", 2)),
    ("disabling leavers", "user/update", lambda run: _hit(run, "member_disable", 1)),
)


def _hit(run: OaRun, kind: str, count: int) -> bool:
    jobs.sweep()
    return _done(run, kind) >= count


def _kill_at(arena: Arena, phase: str, reached: Callable[[], bool], outcome: Outcome) -> None:
    """kill -9 the worker once a phase is reached."""
    if not wait_for(reached, PHASE_SECONDS, pause=0.02):
        outcome.notes.append(f"WRONG never came to {phase}")
    kills = arena.kills
    arena.kill("worker")
    job = JobRun.objects.filter(kind__startswith="oa_sync").order_by("-created_at").first()
    if job is not None:
        where = f"{job.state} at {job.processed}" if job.is_active else "over already"
        outcome.notes.append(f"killed while {phase} ({where})")
    if arena.kills == kills:
        outcome.notes.append(f"WRONG nothing killed while {phase}")


def _hand_over(until: Callable[[], bool], seconds: float) -> None:
    """Let jobs of the dead be handed over again, as the clock does every half minute."""
    deadline = time.monotonic() + seconds
    while not until() and time.monotonic() < deadline:
        jobs.sweep()
        time.sleep(0.5)


@contextmanager
def _slow(arena: Arena, endpoint: str) -> Iterator[None]:
    """Make WeCom answer slowly, so that a phase lasts."""
    arena.play.simulator.post("faults", endpoint=endpoint, kind="latency", value=LATENCY)
    try:
        yield
    finally:
        arena.play.simulator.delete("faults")


def _compare_hired(arena: Arena, left: Sequence[str], outcome: Outcome) -> None:
    """Every new employee has one account, every leaver a disabled one, on both sides."""
    accounts = _accounts(arena)
    for number in range(HIRED):
        userid = f"f19{number:03d}"
        if userid not in accounts or accounts[userid][0] != f"F19 {number}":
            outcome.lost.add(f"account {userid}")
        if Member.objects.filter(userid=userid, employee__isnull=False).count() != 1:
            outcome.lost.add(f"our account {userid}")
    names = [row["name"] for row in arena.play.simulator.get("ledger/departments")]
    outcome.doubled |= {"department F19"} if names.count("F19") > 1 else set()
    for job_number in left:
        userid = job_number.lower()
        if userid in accounts and accounts[userid][2] != Member.Status.DISABLED:
            outcome.lost.add(f"{userid} is not disabled")


def _compare_moved(arena: Arena, moved: Sequence[str], outcome: Outcome) -> None:
    """Everybody who was moved is in the new department and in no other one; the posts are changed."""
    places = {row["name"]: row["id"] for row in arena.play.simulator.get("ledger/departments")}
    accounts = {row["userid"]: row for row in arena.play.simulator.get("ledger/members")}
    for job_number in moved:
        if accounts[job_number.lower()]["department"] != [places["F19"]]:
            outcome.lost.add(f"{job_number} is not moved")
    if sum(row["position"] == POST for row in accounts.values()) != CHANGED:
        outcome.lost.add("a changed post")


# What WeCom answers to a read, and the pages that make us read.
EMPTY = (
    ("department/list", '{"errcode": 0, "errmsg": "ok", "department": []}'),
    ("department/list", '{"errcode": 0, "errmsg": "ok"}'),
    ("user/list_id", '{"errcode": 0, "errmsg": "ok", "dept_user": [], "next_cursor": ""}'),
    ("user/list_id", '{"errcode": 0, "errmsg": "ok"}'),
    ("user/list", '{"errcode": 0, "errmsg": "ok", "userlist": []}'),
    ("externalcontact/get_follow_user_list", '{"errcode": 0, "errmsg": "ok", "follow_user": []}'),
)


def address_book_empty(arena: Arena) -> Outcome:
    """F20: WeCom lists nobody; nobody is marked as left, and no customer loses whoever serves her."""
    outcome = Outcome()
    before = _ours()
    for endpoint, body in EMPTY:
        arena.play.simulator.post("faults", endpoint=endpoint, kind="body", text=body, value=200)
        try:
            _refresh(arena)
            if endpoint in ("department/list", "user/list_id"):
                upload(arena.play)
                run = wait_for_run(arena.play, READ)
                if run["status"] != "failed" or run["items"]:
                    outcome.notes.append(
                        f"WRONG {endpoint} empty: {run['status']}, {run['items']} changes"
                    )
        finally:
            arena.play.simulator.delete("faults")
        outcome.lost |= {f"{endpoint} empty: {what}" for what in _changed(before, _ours())}
    _refresh(arena)
    outcome.notes.append(
        f"{len(EMPTY)} empty answers; {len(before)} accounts and relations as they were"
    )
    return outcome


def _ours() -> dict[str, Any]:
    """Return every account's state and customer contact, and every relation's, as we keep them."""
    connections.close_all()
    members = Member.objects.values_list("userid", "status", "can_follow")
    relations = FollowRelation.objects.values_list("pk", "member_id", "status")
    return {userid: rest for userid, *rest in members} | {
        f"relation {pk}": rest for pk, *rest in relations
    }


def _refresh(arena: Arena) -> None:
    """Read the address book as HQ's button does, and wait for its end."""
    address = arena.play.hq.send(
        reverse("directory:refresh"), {}, page=reverse("directory:members")
    ).url
    wait_for(lambda: figures.job(address)["state"] in figures.ENDED, RUN_SECONDS, pause=0.3)
