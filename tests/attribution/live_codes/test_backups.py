"""Codes leave out full and restricted members, take their backups, and come back."""

from typing import Any

import pytest

from attribution.live_codes.models import LiveCode
from attribution.live_codes.pushing import live_code_push, live_codes_refresh_for, live_codes_sweep
from attribution.live_codes.selectors import receivable
from attribution.live_codes.services import (
    LiveCodeWish,
    live_code_create,
    live_code_update,
    wish_of,
)
from contacts.directory.models import Member
from risk.anomalies.ladder import steps_take_by_rule, steps_undo
from scrm.core.alerts.models import Alert
from scrm.core.gateway import wecom
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.attribution import LiveCodeFactory
from tests.factories.contacts import MemberFactory
from tests.factories.risk import CapacityFactory, IncidentFactory

pytestmark = pytest.mark.django_db
Status = LiveCode.Status


def created(members: list[Member], backups: list[Member]) -> LiveCode:
    """Make a code and tell WeCom."""
    wish = LiveCodeWish(
        name="台卡",
        member_ids=[member.pk for member in members],
        backup_ids=[member.pk for member in backups],
    )
    return live_code_push(live_code_create(wish, scope=SYSTEM_SCOPE, actor=None).pk)


def users(code: LiveCode) -> tuple[str, ...]:
    """Return who stands behind the code at WeCom."""
    return tuple(wecom().contact_way.get(str(code.config_id)).users)


def test_a_full_account_gives_way_to_the_backup_and_comes_back(staff: Any) -> None:
    # given a code of Li with Wang behind her
    li, wang = staff("li"), staff("wang")
    code = created([li], [wang])
    assert users(code) == ("li",)

    # when Li is full
    row = CapacityFactory(member=li, used=100, is_full=True)
    assert live_codes_refresh_for([li.pk]) == 1

    # then customers go to Wang, until Li has room again
    code.refresh_from_db()
    assert (users(code), code.status) == (("wang",), Status.ACTIVE)
    row.is_full = False
    row.save()
    assert live_codes_refresh_for([li.pk]) == 1
    assert users(code) == ("li",)
    assert live_codes_refresh_for([li.pk]) == 0


def test_a_restricted_member_leaves_every_code_and_the_undo_brings_her_back(staff: Any) -> None:
    li, wang = staff("li"), staff("wang")
    alone, shared = created([li], [wang]), created([li, wang], [])
    incident = IncidentFactory(member=li)

    steps_take_by_rule(incident, ["codes"])
    assert live_codes_refresh_for([li.pk]) == 2
    assert (users(alone), users(shared)) == (("wang",), ("wang",))

    steps_undo(incident, actor=None, reason="误报")
    live_codes_refresh_for([li.pk])
    assert (users(alone), set(users(shared))) == (("li",), {"li", "wang"})


def test_the_clock_finds_it_where_nobody_was_told(staff: Any) -> None:
    li, wang = staff("li"), staff("wang")
    code = created([li], [wang])
    CapacityFactory(member=li, is_full=True)

    assert live_codes_sweep() == 1
    assert users(code) == ("wang",)
    assert live_codes_sweep() == 0


def test_nobody_left_is_an_alert(staff: Any) -> None:
    li, wang = staff("li"), staff("wang")
    code = created([li], [wang])
    for member in (li, wang):
        CapacityFactory(member=member, is_full=True)

    live_codes_refresh_for([li.pk, wang.pk])

    code.refresh_from_db()
    assert code.status == Status.EMPTY
    assert Alert.objects.filter(kind="live_codes.empty").count() == 1


def test_backups_are_kept_in_order_and_changed_with_the_rest(db: None) -> None:
    first, second, third = MemberFactory(), MemberFactory(), MemberFactory()
    wish = LiveCodeWish("x", [first.pk], backup_ids=[third.pk, second.pk, first.pk])
    code = live_code_create(wish, scope=SYSTEM_SCOPE, actor=None)
    assert wish_of(code) == LiveCodeWish("x", (first.pk,), backup_ids=(third.pk, second.pk))

    live_code_update(
        code,
        LiveCodeWish("x", [second.pk], backup_ids=[first.pk]),
        scope=SYSTEM_SCOPE,
        actor=None,
    )
    assert wish_of(code) == LiveCodeWish("x", (second.pk,), backup_ids=(first.pk,))


def test_many_codes_are_looked_at_in_as_many_queries_as_one(
    db: None, django_assert_num_queries: Any
) -> None:
    li = MemberFactory()
    for _number in range(6):
        LiveCodeFactory(members=[li])

    with django_assert_num_queries(4):  # full, restricted, codes, choices with members
        assert live_codes_refresh_for([li.pk]) == 0
    assert receivable([]) == []
