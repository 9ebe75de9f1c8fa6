"""Plans members: create, change, move, enable again, disable; nobody is deleted."""

from dataclasses import dataclass, field
from datetime import date

from contacts.directory.models import Member
from contacts.oa_sync.cells import userid_of
from contacts.oa_sync.mirror import MemberState, MirrorState
from contacts.oa_sync.plan_items import Kind, Planned, PlanRules
from contacts.oa_sync.rows import EmployeeRow, Snapshot
from scrm.core.crypto import blind_index


@dataclass
class MemberPlan:
    """Changes of members and the removals among them."""

    items: list[Planned] = field(default_factory=list)
    removals: int = 0
    withheld: int = 0


@dataclass(frozen=True)
class Wanted:
    """The account an employee should have."""

    row: EmployeeRow
    department_id: int | None
    department: str
    leader_userid: str


def plan_members(
    snapshot: Snapshot,
    mirror: MirrorState,
    rules: PlanRules,
    department_ids: dict[str, int | None],
    today: date,
) -> MemberPlan:
    """Return the changes of members: leaders first, removals last; linear in members."""
    plan = MemberPlan()
    due = {key: row for key, row in snapshot.employees.items() if not waits(row, today)}
    staying = {
        key: row for key, row in due.items() if not row.left and rules.gets_account(row.post)
    }
    for row in _leaders_first(staying):
        wanted = Wanted(
            row=row,
            department_id=department_ids[row.department_code],
            department=snapshot.departments[row.department_code].name,
            leader_userid=_leader(row, staying, snapshot, mirror),
        )
        plan.items += _plan_account(wanted, mirror.members.get(row.userid), mirror)
    leaving = {row.userid for row in due.values() if row.left}
    for folded, member in sorted(mirror.members.items()):
        if not member.serves:
            continue
        if folded in leaving:
            _remove(plan, member, "left")
        elif member.managed and folded not in snapshot.seen_userids:
            if snapshot.nameless_employees:
                plan.withheld += 1
            else:
                _remove(plan, member, "absent")
    return plan


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
    row: EmployeeRow, staying: dict[str, EmployeeRow], snapshot: Snapshot, mirror: MirrorState
) -> str:
    leader = snapshot.employees.get(row.leader_job_number)
    if leader is not None and leader.left:
        return ""
    # A leader whose own row was refused keeps the account, and leads on.
    userid = userid_of(row.leader_job_number) if leader is None else leader.userid
    account = mirror.members.get(userid)
    if account is not None and account.status != Member.Status.LEFT:
        return account.userid
    return userid if row.leader_job_number in staying else ""


def _plan_account(wanted: Wanted, member: MemberState | None, mirror: MirrorState) -> list[Planned]:
    row = wanted.row
    if member is None or member.status == Member.Status.LEFT:
        reason = "hired" if member is None else "deleted_in_wecom"
        return [Planned(Kind.MEMBER_CREATE, row.userid, reason, {}, _after(wanted))]
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
    if not changed and not moved:
        return []
    kind = Kind.MEMBER_MOVE if moved else Kind.MEMBER_UPDATE
    reason = "transferred" if moved else "data_changed"
    if not member.written:
        reason = "taken_over"
    after = {**_after(wanted), "changed": [*changed, *(["department"] if moved else [])]}
    return [Planned(kind, member.userid, reason, _before(member, mirror), after)]


def _changes(wanted: Wanted, member: MemberState) -> list[str]:
    """Return the fields that differ; what WeCom does not show is compared with what we last wrote."""
    row = wanted.row
    phone = blind_index("phone", row.phone) if row.phone else b""
    differs = {
        "name": row.name != member.name,
        "phone": not member.written or phone != member.phone_index,
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
    return {
        "job_number": row.job_number,
        "name": row.name,
        "phone": row.phone,
        "gender": row.gender,
        "position": row.post,
        "department_code": row.department_code,
        "department": wanted.department,
        "leader": wanted.leader_userid,
    }
