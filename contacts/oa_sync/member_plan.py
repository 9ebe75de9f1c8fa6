"""Plans members: create, change, move, enable again, disable; nobody is deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from contacts.directory.models import Member
from contacts.oa_sync.adoption import Adopter, Doubt, Found, How, Known
from contacts.oa_sync.cells import userid_of
from contacts.oa_sync.mirror import MemberState, MirrorState
from contacts.oa_sync.plan_items import Kind, Note, Planned, PlanRules
from contacts.oa_sync.rows import EmployeeRow, Snapshot
from scrm.core.crypto import blind_indexes


@dataclass
class MemberPlan:
    """Changes of members, the removals among them, and accounts a person has to decide on."""

    items: list[Planned] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    removals: int = 0
    withheld: int = 0
    emptied: int = 0


@dataclass(frozen=True)
class Wanted:
    """The account an employee should have; `keeps_leader` where nobody can say yet who leads."""

    row: EmployeeRow
    department_id: int | None
    department: str
    leader_userid: str
    keeps_leader: bool


def plan_members(
    snapshot: Snapshot,
    mirror: MirrorState,
    rules: PlanRules,
    department_ids: dict[str, int | None],
    today: date,
    known: Known,
) -> MemberPlan:
    """Return the changes of members: leaders first, removals last; linear in members."""
    plan = MemberPlan()
    staying = staying_rows(snapshot, rules, today)
    adopter = Adopter(mirror, known, department_ids, snapshot.seen_userids)
    found = {row.job_number: adopter.find(row) for row in staying.values()}
    for row in _leaders_first(staying):
        account = found[row.job_number]
        if account.doubts:
            plan.doubts += account.doubts
            continue
        member = account.member
        leader = _leader(row, found, snapshot, mirror)
        standing = member.leader_userid if member is not None else ""
        wanted = Wanted(
            row=row,
            department_id=department_ids[row.department_code],
            department=snapshot.departments[row.department_code].name,
            leader_userid=standing if leader is None else leader,
            keeps_leader=leader is None,
        )
        plan.items += _plan_account(wanted, account, mirror)
        if member is not None:
            plan.emptied += _is_emptied(row, member)
            if member.status == Member.Status.DISABLED and not member.disabled_by_us:
                plan.notes.append(Note(row, "account_disabled", member.userid))
    plan.notes += _kept_accounts(snapshot, staying, mirror, today)
    _plan_removals(plan, snapshot, mirror, today)
    return plan


def _is_emptied(row: EmployeeRow, member: MemberState) -> bool:
    """Return whether the source brings nothing where something stood."""
    emptied = (
        (member.position, row.post),
        (member.gender, row.gender),
        (member.leader_userid, row.leader_job_number),
    )
    return any(stood and not comes for stood, comes in emptied)


def _kept_accounts(
    snapshot: Snapshot, staying: Mapping[str, EmployeeRow], mirror: MirrorState, today: date
) -> list[Note]:
    """Note whose account goes on although the rules give them none any more."""
    notes = []
    for key, row in snapshot.employees.items():
        account = mirror.by_job_number.get(key)
        if key in staying or row.left or waits(row, today) or account is None:
            continue
        if account.serves:
            notes.append(Note(row, "account_kept", account.userid))
    return notes


def staying_rows(snapshot: Snapshot, rules: PlanRules, today: date) -> dict[str, EmployeeRow]:
    """Return the employees who should have an account now, by job number."""
    eligible = rules.among(snapshot.departments)
    return {
        key: row
        for key, row in snapshot.employees.items()
        if not row.left
        and not waits(row, today)
        and eligible.gets_account(row.post, row.department_code, row.state)
    }


def _plan_removals(plan: MemberPlan, snapshot: Snapshot, mirror: MirrorState, today: date) -> None:
    leaving = {
        row.userid: row for row in snapshot.employees.values() if row.left and not waits(row, today)
    }
    for folded, member in sorted(mirror.members.items()):
        if not member.serves or member.rostered:
            continue
        # An account that was taken over keeps its userid: the job number says whose it is.
        own = userid_of(member.job_number) if member.job_number else folded
        leaver = leaving.get(own)
        if leaver is not None and (member.managed or member.name == leaver.name):
            _remove(plan, member, "left")
        elif member.managed and own not in snapshot.seen_userids:
            if snapshot.nameless_employees:
                plan.withheld += 1
            else:
                _remove(plan, member, "absent")


def waits(row: EmployeeRow, today: date) -> bool:
    """Return whether a row takes effect only later."""
    return row.effective_on is not None and row.effective_on > today


def _remove(plan: MemberPlan, member: MemberState, reason: str) -> None:
    before = {"name": member.name, "status": member.status}
    after = {"name": member.name, "status": int(Member.Status.DISABLED)}
    plan.items.append(Planned(Kind.MEMBER_DISABLE, member.userid, reason, before, after))
    plan.removals += 1


def _leaders_first(rows: dict[str, EmployeeRow]) -> list[EmployeeRow]:
    """Order employees so that a leader's account exists before it is named; circles were cut."""
    depth: dict[str, int] = {}
    for start in rows:
        trail: list[str] = []
        step = start
        while step in rows and step not in depth:
            trail.append(step)
            step = rows[step].leader_job_number
        base = depth.get(step, 0)
        for distance, member in enumerate(reversed(trail), 1):
            depth[member] = base + distance
    return sorted(rows.values(), key=lambda row: (depth[row.job_number], row.number))


def _leader(
    row: EmployeeRow, found: Mapping[str, Found], snapshot: Snapshot, mirror: MirrorState
) -> str | None:
    """Return the leader's account, empty where nobody leads, None where nobody can say yet whose account it is."""
    if not row.leader_job_number:
        return ""
    leader = snapshot.employees.get(row.leader_job_number)
    if leader is not None and leader.left:
        return ""
    settled = found.get(row.leader_job_number)
    if settled is not None:
        if settled.doubts:
            return None
        return settled.userid if settled.member is None else settled.member.userid
    # A leader whose own row was refused, or whose post gets no account, keeps the one that is theirs and leads on.
    account = mirror.by_job_number.get(row.leader_job_number)
    if account is not None:
        return "" if account.status == Member.Status.LEFT else account.userid
    by_rule = mirror.members.get(userid_of(row.leader_job_number))
    return None if by_rule is not None and by_rule.status != Member.Status.LEFT else ""


# What an account that existed before is called, by how it was found.
ADOPTED: dict[str, str] = {How.PHONE: "taken_over_phone", How.DECIDED: "taken_over_decided"}


def _plan_account(wanted: Wanted, found: Found, mirror: MirrorState) -> list[Planned]:
    row, member = wanted.row, found.member
    if member is None:
        reason = "deleted_in_wecom" if found.userid in mirror.members else "hired"
        if found.userid != row.userid:
            reason = "hired_with_number"
        return [Planned(Kind.MEMBER_CREATE, found.userid, reason, {}, _after(wanted))]
    if member.status == Member.Status.DISABLED:
        # Somebody disabled it on purpose (an anomaly, a loss): only our own disabling is undone.
        if not member.disabled_by_us:
            return []
        return [
            Planned(
                Kind.MEMBER_ENABLE,
                member.userid,
                "rehired",
                _before(member, mirror),
                _after(wanted),
            )
        ]
    changed = _changes(wanted, member)
    moved = list(member.department_ids) != [wanted.department_id]
    if not changed and not moved and member.managed:
        return []
    kind = Kind.MEMBER_MOVE if moved else Kind.MEMBER_UPDATE
    reason = "transferred" if moved else "data_changed"
    if not (member.written and member.managed):
        reason = ADOPTED.get(found.how, "taken_over")
    after = {**_after(wanted), "changed": [*changed, *(["department"] if moved else [])]}
    return [Planned(kind, member.userid, reason, _before(member, mirror), after)]


def _changes(wanted: Wanted, member: MemberState) -> list[str]:
    """Return the fields that differ; what WeCom does not show is compared with what we last wrote."""
    row = wanted.row
    phones = blind_indexes("phone", row.phone) if row.phone else [b""]
    differs = {
        "name": row.name != member.name,
        "phone": not member.written or member.phone_index not in phones,
        "gender": row.gender != member.gender,
        "position": row.post != member.position,
        "leader": wanted.leader_userid.lower() != member.leader_userid.lower(),
    }
    return [name for name, changed in differs.items() if changed]


def _before(member: MemberState, mirror: MirrorState) -> dict[str, object]:
    return {
        "name": member.name,
        "gender": member.gender,
        "position": member.position,
        "department": ", ".join(
            mirror.departments[each].name
            for each in member.department_ids
            if each in mirror.departments
        ),
        "leader": member.leader_userid,
        "status": member.status,
    }


def _after(wanted: Wanted) -> dict[str, object]:
    row = wanted.row
    keeps = {"keeps_leader": True} if wanted.keeps_leader else {}
    return {
        **keeps,
        "job_number": row.job_number,
        "name": row.name,
        "phone": row.phone,
        "gender": row.gender,
        "position": row.post,
        "department_code": row.department_code,
        "department": wanted.department,
        "leader": wanted.leader_userid,
    }
