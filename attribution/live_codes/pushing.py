"""Brings WeCom to what a live code wants, from whatever point an earlier attempt stopped at.

The row is there before WeCom is asked, and says that it was asked: an answer that never came leaves a code
whose outcome is looked up by its parameter, never a second way and never a lost one.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.live_codes.pictures import link_in
from attribution.live_codes.selectors import (
    Blocked,
    blocked,
    choices_of,
    receivable,
    with_choices,
)
from attribution.live_codes.wecom_ways import Created, Pushed, create_way, find_way, push_members
from scrm.core import gateway
from scrm.core.alerts import services as alerts
from scrm.core.exceptions import ExternalFailure
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError, WeComQuota, WeComRetryable, WeComUnknownOutcome

Status = LiveCode.Status
_HOLD = timedelta(seconds=120)
# A way that is not in WeCom's list this long after we asked was never made.
SETTLED = timedelta(seconds=60)
_CLOCK_SKEW = timedelta(minutes=10)
_SWEEP_CHUNK = 200


def live_code_push(code_id: int, *, lane: str = "event") -> LiveCode:
    """Tell WeCom what it does not know yet about a code, and return the code as it stands then.

    Never raises for WeCom's sake: `status` and `problem` say what happened. Two pushes at a time are one.
    """
    now = timezone.now()
    held_until = now + _HOLD
    free = Q(held_until=None) | Q(held_until__lt=now)
    if not LiveCode.objects.filter(free, pk=code_id).update(held_until=held_until):
        return LiveCode.objects.get(pk=code_id)
    code = LiveCode.objects.get(pk=code_id)
    try:
        _push(code, gateway.wecom(lane=lane))
    finally:
        # A push that took too long lost its hold to another: that one is not ours to end.
        LiveCode.objects.filter(pk=code_id, held_until=held_until).update(held_until=None)
    return LiveCode.objects.get(pk=code_id)


def live_codes_sweep() -> int:
    """Push every code that WeCom does not know as it should be; returns how many were pushed."""
    return _push_needed(LiveCode.objects.order_by("pk"), blocked(), lane="sync")


def live_codes_refresh_for(member_ids: Iterable[int]) -> int:
    """Push the codes of these members that now want other members; returns how many were pushed.

    Risk has it done when a member became full, restricted or free again.
    """
    codes = LiveCode.objects.filter(choices__member__in=list(member_ids)).order_by("pk").distinct()
    return _push_needed(codes, blocked(), lane="event")


def _push_needed(codes: QuerySet[LiveCode], risk: Blocked, *, lane: str) -> int:
    pushed = 0
    for code in with_choices(codes).iterator(chunk_size=_SWEEP_CHUNK):
        if _needs_push(code, risk):
            live_code_push(code.pk, lane=lane)
            pushed += 1
    return pushed


def _needs_push(code: LiveCode, risk: Blocked) -> bool:
    if code.status == Status.FAILED and code.config_id is None:
        return False  # WeCom refused it for good: a person changes it first
    wanted = {choice.member.userid for choice in receivable(code.choices.all(), risk)}
    if not wanted:
        return code.status != Status.EMPTY
    return code.status != Status.ACTIVE or not code.link or _differs(code, wanted)


def _differs(code: LiveCode, wanted: set[str]) -> bool:
    told = set(code.told_userids)
    return (
        told != wanted or code.told_name != code.name or code.told_skip_verify != code.skip_verify
    )


def _push(code: LiveCode, client: WeComClient) -> None:
    try:
        if code.config_id is None and not _make(code, client):
            return
        _tell(code, client)
        if not code.link:
            picture_fetch(code, client)
    except WeComUnknownOutcome as failure:
        # Making it: nobody knows. Changing it: the same change is simply told again.
        _mark(
            code,
            Status.UNCERTAIN if code.config_id is None else Status(code.status),
            gateway.words(failure),
        )
    except (WeComRetryable, WeComQuota) as failure:
        _mark(code, Status(code.status), gateway.words(failure))
    except WeComError as failure:
        # While nobody knows whether the way was made, only a look-up may end the question.
        asking = code.config_id is None and code.asked_at is not None
        _mark(code, Status.UNCERTAIN if asking else Status.FAILED, gateway.words(failure))


def _make(code: LiveCode, client: WeComClient) -> bool:
    """Find the way an earlier attempt may have made, else make it; False when there is none now."""
    if code.asked_at is not None and not _settle_asking(code, client):
        return code.config_id is not None
    ready = [choice.member.userid for choice in receivable(choices_of(code))]
    if not ready:
        _become_empty(code)
        return False
    _save(code, asked_at=timezone.now(), status=Status.CREATING, problem="")
    try:
        made = create_way(
            client, ready, state=code.state, name=code.name, skip_verify=code.skip_verify
        )
    except WeComUnknownOutcome:
        raise
    except WeComError:
        _forget_asking(code)  # refused or never sent: nothing was made
        raise
    _note_refusals(code, made if isinstance(made, Pushed) else made.pushed)
    if not isinstance(made, Created):
        _forget_asking(code)
        _become_empty(code)
        return False
    _adopt(code, made.config_id, made.qr_code)
    _save(
        code, told_userids=made.pushed.accepted, told_name=code.name, told_skip_verify=code.skip_verify,
    )  # fmt: skip
    return True


def _settle_asking(code: LiveCode, client: WeComClient) -> bool:
    """Look whether WeCom made the way; True when it surely did not and may be asked again."""
    asked_at = code.asked_at or timezone.now()
    cursor = ""
    while True:
        page = client.contact_way.list(
            start=asked_at - _CLOCK_SKEW, end=asked_at + _CLOCK_SKEW, cursor=cursor
        )
        found = find_way(client, code.state, page.ids)
        if found is not None:
            _adopt(code, *found)
            return False
        cursor = page.next_cursor
        if not cursor:
            break
    if timezone.now() - asked_at < SETTLED:
        _mark(
            code,
            Status.UNCERTAIN,
            _("WeCom did not answer. Whether the code was made shows within a minute."),
        )
        return False
    _forget_asking(code)
    return True


def _tell(code: LiveCode, client: WeComClient) -> None:
    """Update the way where it differs from what is wanted."""
    ready = [choice.member.userid for choice in receivable(choices_of(code))]
    if not ready:
        _become_empty(code)
        return
    if set(ready) != set(code.told_userids):
        pushed = push_members(client, str(code.config_id), [], ready)
        _note_refusals(code, pushed)
        if not pushed.accepted:
            _become_empty(code)
            return
        _save(code, told_userids=pushed.accepted)
    if code.told_name != code.name or code.told_skip_verify != code.skip_verify:
        client.contact_way.update(
            str(code.config_id), remark=code.name, skip_verify=code.skip_verify
        )
        _save(code, told_name=code.name, told_skip_verify=code.skip_verify)
    _mark(code, Status.ACTIVE, "")


def picture_fetch(code: LiveCode, client: WeComClient) -> None:
    """Keep WeCom's picture and the link inside; a failure leaves the code working and is tried again."""
    try:
        if not code.qr_code_url:
            _save(code, qr_code_url=client.contact_way.get(str(code.config_id)).qr_code)
        picture = client.contact_way.picture(code.qr_code_url)
        _save(code, qr_png=picture, link=link_in(picture)[:512])
    except WeComError as failure:
        _mark(code, Status(code.status), gateway.words(failure))
    except ExternalFailure as failure:
        _mark(code, Status(code.status), failure.message)
    except ValueError:
        _mark(code, Status(code.status), _("The picture's address is not one of WeCom's."))


def _note_refusals(code: LiveCode, pushed: Pushed) -> None:
    now = timezone.now()
    for choice in choices_of(code):
        failure = pushed.refused.get(choice.member.userid)
        if failure is not None:
            LiveCodeMember.objects.filter(pk=choice.pk).update(
                refusal=gateway.words(failure)[:300], refused_at=now
            )
        elif choice.refusal and choice.member.userid in pushed.accepted:
            LiveCodeMember.objects.filter(pk=choice.pk).update(refusal="", refused_at=None)


def _adopt(code: LiveCode, config_id: str, qr_code: str) -> None:
    _save(code, config_id=config_id, qr_code_url=qr_code[:512], status=Status.ACTIVE, problem="")


def _forget_asking(code: LiveCode) -> None:
    if code.config_id is None:
        _save(code, asked_at=None)


def _become_empty(code: LiveCode) -> None:
    """Say that nobody can receive customers; at WeCom the former members stay, for a way cannot be empty."""
    words = _("None of the members can receive customers now.")
    with transaction.atomic():
        _mark(code, Status.EMPTY, words)
        alerts.raise_alert(
            kind="live_codes.empty",
            key=str(code.pk),
            level="warning",
            title=lambda: _("Live code without members: %(name)s") % {"name": code.name},
            text=lambda: _("None of the members can receive customers now."),
            dedupe=timedelta(hours=24),
        )


def _mark(code: LiveCode, status: LiveCode.Status, problem: str) -> None:
    if code.status != status or code.problem != problem:
        _save(code, status=status, problem=problem[:500])


def _save(code: LiveCode, **values: object) -> None:
    """Write these columns only: a person may be changing the others at the same time."""
    for name, value in values.items():
        setattr(code, name, value)
    LiveCode.objects.filter(pk=code.pk).update(**values)
