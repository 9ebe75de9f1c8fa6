"""The contact way behind a live code at WeCom: made once, updated until WeCom knows what we want.

WeCom refuses a whole call for one bad member. Here a refused list is halved until the bad ones stand alone,
so that one member never blocks a code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError, WeComPermanent, WeComPermission

# Refusals that are about a member, not about the call: bad userid, real name, activation, range, customer contact.
MEMBER_CODES = frozenset(
    {40003, 40031, 40098, 41054, 46004, 50002, 60011, 60111, 84074, 84083, 84084}
)


@dataclass
class Pushed:
    """Whom WeCom took, and the words for each one it refused."""

    accepted: list[str] = field(default_factory=list)
    refused: dict[str, WeComError] = field(default_factory=dict)


@dataclass(frozen=True)
class Created:
    """A way WeCom made, with the members it stands for so far."""

    config_id: str
    qr_code: str
    pushed: Pushed


def is_about_a_member(failure: WeComError) -> bool:
    """Tell whether leaving a member out may help."""
    return isinstance(failure, WeComPermanent | WeComPermission) and failure.errcode in MEMBER_CODES


def create_way(
    client: WeComClient, userids: Sequence[str], *, state: str, name: str, skip_verify: bool
) -> Created | Pushed:
    """Make a way for all members, else for the first one WeCom takes; Pushed alone when it takes none.

    The caller records the way before it pushes the rest. Raises WeComError for any other refusal;
    WeComUnknownOutcome leaves open whether the way exists.
    """
    refused: dict[str, WeComError] = {}
    attempts = [list(userids)]
    if len(userids) > 1:
        attempts += [[userid] for userid in userids]
    for attempt in attempts:
        try:
            made = client.contact_way.add(
                attempt, state=state, remark=name, skip_verify=skip_verify
            )
        except WeComError as failure:
            if not is_about_a_member(failure):
                raise
            if len(attempt) == 1:
                refused[attempt[0]] = failure
        else:
            return Created(made.config_id, made.qr_code, Pushed(attempt, refused))
    return Pushed(refused=refused)


def push_members(
    client: WeComClient, config_id: str, base: Sequence[str], candidates: Sequence[str]
) -> Pushed:
    """Overwrite the way's members by `base` and as many candidates as WeCom takes; raises WeComError."""

    def write(userids: Sequence[str]) -> None:
        client.contact_way.update(config_id, users=userids)

    return _halved(write, list(base), list(candidates))


def _halved(
    write: Callable[[Sequence[str]], None], base: list[str], candidates: list[str]
) -> Pushed:
    if not candidates:
        return Pushed()
    try:
        write([*base, *candidates])
    except WeComError as failure:
        if not is_about_a_member(failure):
            raise
        if len(candidates) == 1:
            return Pushed(refused={candidates[0]: failure})
    else:
        return Pushed(accepted=candidates)
    middle = len(candidates) // 2
    left = _halved(write, base, candidates[:middle])
    right = _halved(write, base + left.accepted, candidates[middle:])
    return Pushed(left.accepted + right.accepted, left.refused | right.refused)


def find_way(client: WeComClient, state: str, config_ids: Sequence[str]) -> tuple[str, str] | None:
    """Return (config_id, qr_code) of the way with our state among these, None when it was never made."""
    for config_id in config_ids:
        way = client.contact_way.get(config_id)
        if way.state == state:
            return way.config_id, way.qr_code
    return None
