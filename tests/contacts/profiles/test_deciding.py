"""A card that somebody changed in WeCom: brought back, or accepted with a reason; by whom, and for how long."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.profiles.cards import digest_of
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services import accept, again
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom
from tests.contacts.profiles.cards_desk import CardsDesk, desk, text_line

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
State = MemberProfile.State


def change_in_wecom(value: str) -> None:
    """Change Li's card in WeCom, past us."""
    line = {"type": 0, "name": "荣誉", "text": {"value": value}}
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": [line]})


@pytest.fixture
def drifted(desk: CardsDesk) -> CardsDesk:
    """A desk where Li's card was changed and the comparison found it."""
    desk.template("公司", text_line("门店", "{store}"))
    desk.push()
    change_in_wecom("金牌导购")
    desk.check()
    assert desk.profile("li").state == State.DRIFTED
    return desk


def accept_by_post(client: Client, desk: CardsDesk, user: User, **more: Any) -> int:
    """Press the button on the card's page."""
    client.force_login(user)
    seen = desk.profile("li").seen
    fields = {"reason": "总部授予的荣誉", "seen": digest_of(seen or {})} | more
    url = reverse("external_profiles:accept", args=[desk.guides["li"].pk])
    return client.post(url, fields).status_code


def test_an_accepted_change_stays_and_is_in_the_audit(
    drifted: CardsDesk, client: Client, branch_ops: User
) -> None:
    # when the branch accepts it
    assert accept_by_post(client, drifted, branch_ops) == 302

    # then the card says by whom and why, and the audit keeps both cards
    page = client.get(reverse("external_profiles:card", args=[drifted.guides["li"].pk]))
    assert "总部授予的荣誉" in page.content.decode()
    entry = AuditEntry.objects.get(action="external_profile.accept")
    assert (entry.target, entry.reason) == ("member:guide_li", "总部授予的荣誉")
    assert entry.after is not None
    assert entry.after["card"]["lines"][0]["value"] == "金牌导购"

    # and neither the clock, nor the nightly look, nor "bring all back" touches it
    updates = drifted.calls("user/update")
    assert drifted.sweep() is None
    job = drifted.check()
    assert (job.succeeded, job.failed) == (3, 0)
    assert again(scope=drifted.scope, actor=drifted.user) == 0
    assert (drifted.profile("li").state, drifted.calls("user/update")) == (State.ACCEPTED, updates)


def test_another_change_is_shown_again_and_the_old_card_counts_as_up_to_date(
    drifted: CardsDesk, client: Client
) -> None:
    # given an accepted change
    accept_by_post(client, drifted, drifted.user)

    # when something else is changed, then it is a change again, and nobody accepted that
    change_in_wecom("钻石导购")
    drifted.check()
    profile = drifted.profile("li")
    assert (profile.state, profile.accepted, profile.accepted_at) == (State.DRIFTED, None, None)

    # and when somebody puts it right in WeCom, it is up to date
    line = {"type": 0, "name": "门店", "text": {"value": "人民路店"}}
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": [line]})
    drifted.check()
    assert drifted.profile("li").state == State.WRITTEN


def test_an_accepted_change_ends_with_the_next_card_or_with_one_click(
    drifted: CardsDesk, client: Client
) -> None:
    # given an accepted change, brought back after all by one click
    accept_by_post(client, drifted, drifted.user)
    again(scope=drifted.scope, actor=drifted.user, members=[drifted.guides["li"].pk])
    drifted.push()
    assert (drifted.shown("li")["门店"], drifted.profile("li").state) == ("人民路店", State.WRITTEN)

    # and one whose template changes
    change_in_wecom("金牌导购")
    drifted.check()
    accept_by_post(client, drifted, drifted.user)
    ProfileTemplate.objects.update(items=[text_line("问候", "您好")], revision=9)
    drifted.sweep()
    profile = drifted.profile("li")
    assert drifted.shown("li") == {"position": "", "问候": "您好"}
    assert (profile.state, profile.accepted) == (State.WRITTEN, None)


def test_nobody_accepts_without_a_reason_or_what_he_did_not_see(drifted: CardsDesk) -> None:
    # given a person who looked before the card was changed once more
    profile = drifted.profile("li")
    looked = digest_of(profile.seen or {})
    with pytest.raises(ValidationFailed):
        accept(profile, seen=looked, actor=drifted.user, reason="  ")
    change_in_wecom("钻石导购")
    drifted.check()

    # when he accepts what he saw, or a card that nobody changed, then nothing is accepted
    with pytest.raises(Conflict) as late:
        accept(profile, seen=looked, actor=drifted.user, reason="荣誉")
    with pytest.raises(Conflict) as unchanged:
        accept(drifted.profile("wang"), seen=looked, actor=drifted.user, reason="荣誉")
    assert (late.value.code, unchanged.value.code) == ("changed_again", "not_changed")
    assert not MemberProfile.objects.exclude(accepted_at=None).exists()
    assert not AuditEntry.objects.filter(action="external_profile.accept").exists()


@pytest.mark.parametrize(
    ("who", "status"), [("outsider", 404), ("auditor", 403), ("it_admin", 403)]
)
def test_who_may_not_accept_changes_nothing(
    drifted: CardsDesk, client: Client, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    assert accept_by_post(client, drifted, user) == status
    client.post(reverse("external_profiles:again"), {"member": str(drifted.guides["li"].pk)})
    profile = drifted.profile("li")
    assert (profile.state, profile.written_digest == "") == (State.DRIFTED, False)


def test_a_branch_does_not_take_back_what_headquarters_let_be(
    drifted: CardsDesk, client: Client, branch_ops: User
) -> None:
    # given a change headquarters accepted
    accept_by_post(client, drifted, drifted.user)
    accepted = drifted.profile("li").accepted
    member = drifted.guides["li"].pk

    # when the branch writes the card again, then it stays, and the page does not offer it
    client.force_login(branch_ops)
    client.post(reverse("external_profiles:again"), {"member": str(member)})
    profile = drifted.profile("li")
    assert (profile.state, profile.accepted, profile.for_templates == "") == (State.ACCEPTED, accepted, False)  # fmt: skip
    page = client.get(reverse("external_profiles:card", args=[member])).content.decode()
    assert 'name="member"' not in page
    assert not AuditEntry.objects.filter(action="external_profile.again").exists()


def test_a_branch_takes_back_what_it_let_be_itself(
    drifted: CardsDesk, client: Client, branch_ops: User
) -> None:
    accept_by_post(client, drifted, branch_ops)
    assert drifted.profile("li").state == State.ACCEPTED

    again(scope=scope_for(branch_ops), actor=branch_ops, members=[drifted.guides["li"].pk])

    drifted.push()
    assert drifted.profile("li").state == State.WRITTEN
