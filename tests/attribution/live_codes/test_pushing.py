"""What WeCom knows of a code is what we want, whatever happened on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.live_codes.pictures import link_in
from attribution.live_codes.pushing import live_code_push, live_codes_sweep
from attribution.live_codes.services import LiveCodeWish, live_code_create, live_code_update
from contacts.directory.models import Member
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.scope import EMPTY_SCOPE, SYSTEM_SCOPE

pytestmark = pytest.mark.django_db
Status = LiveCode.Status
ADD = "externalcontact/add_contact_way"


def created(*members: Member, **wish: Any) -> LiveCode:
    """Make a code and tell WeCom."""
    wish = {"name": "夏季活动", **wish}
    code = live_code_create(
        LiveCodeWish(member_ids=[member.pk for member in members], **wish),
        scope=SYSTEM_SCOPE,
        actor=None,
    )
    return live_code_push(code.pk)


def ways(world: Any) -> list[str]:
    """Return the config_ids WeCom has."""
    return list(wecom().contact_way.list().ids)


def at_wecom(code: LiveCode) -> Any:
    """Return the way as WeCom has it."""
    return wecom().contact_way.get(str(code.config_id))


def test_a_code_works_at_once_and_its_picture_holds_wecoms_link(
    staff: Any, wecom_sandbox_world: Any
) -> None:
    code = created(staff("li"), staff("wang"), skip_verify=False)

    way = at_wecom(code)
    assert (code.status, code.problem) == (Status.ACTIVE, "")
    assert (way.state, way.users, way.skip_verify, way.remark) == (
        code.state,
        ("li", "wang"),
        False,
        "夏季活动",
    )
    assert len(code.state) == 27
    assert code.link == link_in(wecom().contact_way.picture(way.qr_code))
    assert AuditEntry.objects.filter(action="live_code.create").count() == 1


def test_members_who_cannot_serve_yet_wait_outside_and_come_in_by_themselves(staff: Any) -> None:
    wang = staff("wang", at_wecom=False, status=Member.Status.NOT_ACTIVATED)
    code = created(staff("li"), wang)
    assert at_wecom(code).users == ("li",)
    assert code.choices.get(member=wang).reason

    wecom_activates(wang)
    Member.objects.filter(pk=wang.pk).update(status=Member.Status.ACTIVE)
    assert live_codes_sweep() == 1

    assert set(at_wecom(code).users) == {"li", "wang"}
    assert live_codes_sweep() == 0


def wecom_activates(member: Member) -> None:
    """Let a member log in at WeCom."""
    from django.conf import settings

    from wecom_sandbox.testing import Control

    Control(settings.WECOM_API_BASE).post("activate", {"userids": [member.userid]})


@pytest.mark.parametrize("bad_at", [0, 1, 3])
def test_one_member_wecom_refuses_never_blocks_the_others(staff: Any, bad_at: int) -> None:
    members = [staff(f"m{number}", at_wecom=number != bad_at) for number in range(4)]

    code = created(*members)

    assert code.status == Status.ACTIVE
    assert set(at_wecom(code).users) == {f"m{number}" for number in range(4)} - {f"m{bad_at}"}
    refused = code.choices.exclude(refusal="")
    assert [choice.member.userid for choice in refused] == [f"m{bad_at}"]
    assert "41054" in refused[0].reason


def test_a_push_that_took_too_long_leaves_the_hold_of_the_next_one_alone(
    staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a push so slow that a second one took the hold meanwhile
    code = created(staff("li"))
    held_until = timezone.now() + timedelta(seconds=100)
    monkeypatch.setattr(
        "attribution.live_codes.pushing._push",
        lambda *_args: LiveCode.objects.filter(pk=code.pk).update(held_until=held_until),
    )

    # when
    live_code_push(code.pk)

    # then
    assert LiveCode.objects.get(pk=code.pk).held_until == held_until


def test_a_push_ends_its_own_hold(staff: Any) -> None:
    assert created(staff("li")).held_until is None


def test_a_code_without_anybody_is_said_to_be_empty_and_is_made_later(staff: Any) -> None:
    li = staff("li", at_wecom=False, status=Member.Status.NOT_ACTIVATED)
    code = created(li)
    assert (code.status, code.config_id) == (Status.EMPTY, None)
    assert Alert.objects.filter(kind="live_codes.empty").count() == 1

    wecom_activates(li)
    Member.objects.filter(pk=li.pk).update(status=Member.Status.ACTIVE)
    live_codes_sweep()

    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert at_wecom(code).users == ("li",)


def test_a_code_whose_members_all_left_says_so_and_keeps_its_way(staff: Any) -> None:
    li = staff("li")
    code = created(li)
    Member.objects.filter(pk=li.pk).update(status=Member.Status.DISABLED)
    live_codes_sweep()

    code.refresh_from_db()
    assert code.status == Status.EMPTY
    assert at_wecom(code).users == ("li",)

    Member.objects.filter(pk=li.pk).update(status=Member.Status.ACTIVE)
    live_codes_sweep()
    code.refresh_from_db()
    assert code.status == Status.ACTIVE


def test_an_answer_that_never_came_makes_no_second_way(
    staff: Any, wecom_sandbox_world: Any
) -> None:
    li = staff("li")
    # given WeCom makes the way and the connection breaks before the answer
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": ADD, "kind": "reset", "after": True, "count": 1}
    )
    code = created(li)
    assert (code.status, code.config_id) == (Status.UNCERTAIN, None)
    assert len(ways(wecom_sandbox_world)) == 1

    # when the sweep looks it up
    live_codes_sweep()

    # then the way that was made is ours
    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert [code.config_id] == ways(wecom_sandbox_world)
    assert code.link


def test_a_look_up_that_fails_makes_no_second_way(staff: Any, wecom_sandbox_world: Any) -> None:
    li = staff("li")
    post = wecom_sandbox_world.control.post
    # given a way whose making was never answered, and a look-up that breaks as well
    post("faults", {"endpoint": ADD, "kind": "reset", "after": True, "count": 1})
    code = created(li)
    post("faults", {"endpoint": "externalcontact/list_contact_way", "kind": "reset", "count": 1})
    live_codes_sweep()
    code.refresh_from_db()
    assert (code.status, code.config_id) == (Status.UNCERTAIN, None)
    assert code.asked_at is not None

    # when the next sweep looks again
    live_codes_sweep()

    # then the one way there is has become ours
    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert [code.config_id] == ways(wecom_sandbox_world)


def test_a_call_that_never_arrived_is_repeated_once_that_is_sure(
    staff: Any, wecom_sandbox_world: Any
) -> None:
    li = staff("li")
    wecom_sandbox_world.control.post("faults", {"endpoint": ADD, "kind": "reset", "count": 1})
    code = created(li)
    assert code.status == Status.UNCERTAIN

    live_codes_sweep()
    code.refresh_from_db()
    assert code.status == Status.UNCERTAIN  # it may still arrive

    LiveCode.objects.update(asked_at=timezone.now() - timedelta(seconds=61))
    live_codes_sweep()
    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert [code.config_id] == ways(wecom_sandbox_world)


def test_a_process_that_died_after_asking_is_taken_up(staff: Any, wecom_sandbox_world: Any) -> None:
    li = staff("li")
    code = live_code_create(LiveCodeWish("x", [li.pk]), scope=SYSTEM_SCOPE, actor=None)
    now = timezone.now()
    LiveCode.objects.update(
        asked_at=now - timedelta(seconds=90), held_until=now - timedelta(seconds=1)
    )
    wecom().contact_way.add(["li"], state=code.state)

    live_codes_sweep()

    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert [code.config_id] == ways(wecom_sandbox_world)


@pytest.mark.parametrize(
    ("errcode", "status"),
    [(6000, Status.CREATING), (45009, Status.CREATING), (48002, Status.FAILED)],
)
def test_a_refusal_is_told_in_words(
    staff: Any, wecom_sandbox_world: Any, errcode: int, status: str
) -> None:
    li = staff("li")
    wecom_sandbox_world.control.post(
        # Three times, for the gateway tries a version conflict again by itself.
        "faults",
        {"endpoint": ADD, "kind": "errcode", "value": errcode, "count": 3},
    )

    code = created(li)

    assert (code.status, code.asked_at) == (status, None)
    assert f"[{errcode}]" in code.problem


@pytest.mark.parametrize("made", [True, False])
def test_wecom_too_busy_to_say_is_looked_up_and_one_way_is_made(
    staff: Any, wecom_sandbox_world: Any, made: bool
) -> None:
    # given WeCom says "system busy", with the way made or not
    li = staff("li")
    fault = {"endpoint": ADD, "kind": "errcode", "value": -1, "count": 1, "after": made}
    wecom_sandbox_world.control.post("faults", fault)

    # when a code is made
    code = created(li)

    # then nobody knows
    assert code.status == Status.UNCERTAIN
    assert "[-1]" in code.problem
    assert len(ways(wecom_sandbox_world)) == int(made)

    # and a look settles it
    LiveCode.objects.update(held_until=None, asked_at=timezone.now() - timedelta(seconds=90))
    live_codes_sweep()
    code.refresh_from_db()
    assert code.status == Status.ACTIVE
    assert ways(wecom_sandbox_world) == [code.config_id]


def test_a_change_is_told_and_a_broken_one_is_told_again(
    staff: Any, wecom_sandbox_world: Any
) -> None:
    li, wang = staff("li"), staff("wang")
    code = created(li)
    wish = LiveCodeWish("新名字", [wang.pk], skip_verify=False)
    live_code_update(code, wish, scope=SYSTEM_SCOPE, actor=None)
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": "externalcontact/update_contact_way", "kind": "html", "count": 1}
    )

    code = live_code_push(code.pk)
    assert code.status == Status.ACTIVE
    assert code.problem
    assert at_wecom(code).users == ("li",)

    live_codes_sweep()
    code.refresh_from_db()
    way = at_wecom(code)
    assert (way.users, way.remark, way.skip_verify) == (("wang",), "新名字", False)
    assert code.problem == ""


def test_two_pushes_at_a_time_are_one(staff: Any, wecom_sandbox_world: Any) -> None:
    li = staff("li")
    code = live_code_create(LiveCodeWish("x", [li.pk]), scope=SYSTEM_SCOPE, actor=None)
    LiveCode.objects.update(held_until=timezone.now() + timedelta(seconds=60))

    assert live_code_push(code.pk).config_id is None
    assert ways(wecom_sandbox_world) == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"member_ids": []}, "members_missing"),
        ({"welcome_text": "你好 {name}"}, "variable_unknown"),
        ({"tag_ids": ["et-none"]}, "tag_unknown"),
        ({"welcome_text": "好" * 2000}, "text_too_long"),
    ],
)
def test_a_bad_wish_is_refused_and_leaves_nothing(
    staff: Any, wish: dict[str, Any], code: str
) -> None:
    li = staff("li")
    with pytest.raises(ValidationFailed) as caught:
        live_code_create(
            LiveCodeWish(**{"name": "x", "member_ids": [li.pk], **wish}),
            scope=SYSTEM_SCOPE,
            actor=None,
        )

    assert caught.value.code == code
    assert LiveCode.objects.count() == 0


def test_a_member_out_of_range_cannot_be_chosen(staff: Any) -> None:
    li = staff("li")
    with pytest.raises(ValidationFailed) as caught:
        live_code_create(LiveCodeWish("x", [li.pk]), scope=EMPTY_SCOPE, actor=None)

    assert caught.value.code == "member_unknown"
    assert LiveCodeMember.objects.count() == 0
