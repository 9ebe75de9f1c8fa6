"""Cards written to WeCom over real HTTP: who gets which, when it reverts, what is refused, what drifted."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from contacts.parameters.selectors import resolve
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services import again, pushing, sweep, template_retire
from contacts.profiles.words import reason_words
from scrm.core.audit.models import AuditEntry
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun, JobState
from tests.contacts.profiles.cards_desk import CardsDesk, desk, text_line, web_line

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.flow]
State = MemberProfile.State


def test_every_account_gets_the_card_of_its_nearest_template(desk: CardsDesk) -> None:
    # given a card of the company, one of the eastern branch, one for store managers only
    desk.template("公司", text_line("门店", "{store}"), web_line("商城", "我的商城"))
    desk.template("华东", text_line("分公司", "{branch}"), unit=desk.company.east)
    desk.template("店长", text_line("职责", "店长"), posts=["店长"])

    # when they are written
    job = desk.push()

    # then everybody shows hers, and the job counted them
    assert (job.state, job.total, job.succeeded, job.failed) == (JobState.DONE, 3, 3, 0)
    assert desk.shown("li") == {"position": "", "分公司": "华东分公司"}
    assert desk.shown("zhao") == {"position": "", "门店": "天河店", "商城": "我的商城"}

    # and the link carries a parameter that stands for this guide in this store, and expires never
    token = desk.address("zhao", "商城").removeprefix("https://mall.example/s?g=")
    parameter = resolve(token)
    assert parameter is not None
    assert (parameter.kind, parameter.member_id, parameter.store_id, parameter.expires_at) == (
        "profile", desk.guides["zhao"].pk, desk.company.store_south.pk, None,
    )  # fmt: skip


def test_a_second_push_and_the_sweep_write_nothing(desk: CardsDesk) -> None:
    # given written cards
    desk.template("公司", web_line("商城", "我的商城"))
    desk.push()
    updates, address = desk.calls("user/update"), desk.address("li", "商城")

    # when nothing changed
    job = desk.push()

    # then nothing is done, and the clock starts no job
    assert (job.processed, desk.calls("user/update"), desk.address("li", "商城")) == (
        0, updates, address,
    )  # fmt: skip
    assert desk.sweep() is None


def test_a_new_account_and_a_new_binding_are_written_by_the_clock(desk: CardsDesk) -> None:
    # given written cards
    desk.template("公司", text_line("门店", "{store}"), web_line("商城", "我的商城"))
    desk.push()
    old = desk.address("li", "商城")

    # when somebody is hired and somebody else moves
    desk.guides["sun"] = desk.hire("sun", "孙悦", desk.company.store_b)
    desk.move("li", desk.company.store_south)
    job = desk.sweep()

    # then these two are written and no other
    assert job is not None
    assert (job.state, job.total, job.succeeded) == (JobState.DONE, 2, 2)
    assert (desk.shown("sun")["门店"], desk.shown("li")["门店"]) == ("滨江店", "天河店")

    # and the one who moved has a parameter of her new store; the old one still stands for the old store
    assert desk.address("li", "商城") != old
    before = resolve(old.rpartition("=")[2])
    assert before is not None
    assert before.store_id == desk.company.store_a.pk


def test_a_binding_within_the_place_of_work_is_written_by_the_clock(desk: CardsDesk) -> None:
    # given somebody whose department is the store already, but who is not bound to it
    desk.template("公司", web_line("商城", "我的商城", "https://mall.example.com/?s={store_code}"))
    StoreBinding.objects.filter(member=desk.guides["li"]).update(state="retired")
    desk.push()
    place = Member.objects.get(pk=desk.guides["li"].pk).org_path
    alone = desk.address("li", "商城")

    # when HQ binds the account there
    StoreBinding.objects.filter(member=desk.guides["li"]).update(state="active")
    job = desk.sweep()

    # then the place is the same, and the card names the store
    assert job is not None
    assert (job.total, job.succeeded) == (1, 1)
    assert Member.objects.get(pk=desk.guides["li"].pk).org_path == place
    assert (alone.partition("s=")[2], desk.address("li", "商城").partition("s=")[2]) == (
        "", desk.company.store_a.code,
    )  # fmt: skip


def test_a_renamed_store_is_written_to_its_accounts_only(desk: CardsDesk) -> None:
    # given written cards
    desk.template("公司", text_line("门店", "{store}"))
    desk.push()
    updates = desk.calls("user/update")

    # when a store gets another name
    OrgUnit.objects.filter(pk=desk.company.store_a.pk).update(name="外滩店")
    job = desk.sweep()

    # then all cards are made again, one is written
    assert job is not None
    assert (job.succeeded, job.skipped, desk.calls("user/update")) == (1, 2, updates + 1)
    assert desk.shown("li")["门店"] == "外滩店"


def test_a_campaign_begins_and_reverts_by_itself(desk: CardsDesk) -> None:
    # given a lasting card, and a campaign of one branch that begins later
    desk.template("公司", text_line("门店", "{store}"))
    desk.push()
    now = timezone.now()
    campaign = desk.template(
        "周年庆",
        text_line("周年庆", "到店有礼"),
        unit=desk.company.east,
        starts_at=now + timedelta(hours=1),
        ends_at=now + timedelta(hours=2),
    )
    assert desk.sweep() is None

    # when its time comes
    ProfileTemplate.objects.filter(pk=campaign.pk).update(starts_at=now - timedelta(minutes=1))
    desk.sweep()

    # then the branch shows it, the south does not
    assert desk.shown("li") == {"position": "", "周年庆": "到店有礼"}
    assert desk.shown("zhao") == {"position": "", "门店": "天河店"}

    # and when it is over, everybody shows the lasting card again
    ProfileTemplate.objects.filter(pk=campaign.pk).update(ends_at=now - timedelta(seconds=1))
    desk.sweep()
    assert desk.shown("li") == {"position": "", "门店": "人民路店"}
    assert desk.profile("li").state == State.WRITTEN


def test_without_a_template_an_account_gets_back_what_it_showed_before_us(desk: CardsDesk) -> None:
    # given an account with a card of its own
    own = [{"type": 0, "name": "荣誉", "text": {"value": "金牌导购"}}]
    wecom("contacts").user.update(
        "guide_li",
        external_position="首席导购",
        external_profile={"external_corp_name": "小店", "external_attr": own},
    )
    template = desk.template("公司", text_line("门店", "{store}"), position_text="{store}导购")
    desk.push()
    assert desk.shown("li") == {"position": "人民路店导购", "门店": "人民路店"}
    kept = wecom().user.get("guide_li").external_profile["external_corp_name"]
    assert kept == "小店"

    # when the template is withdrawn
    template_retire(template=template, actor=desk.user)
    job = desk.sweep()

    # then the own card is back, and the account is no longer ours to look after
    assert job is not None
    assert (job.succeeded, desk.shown("li")) == (3, {"position": "首席导购", "荣誉": "金牌导购"})
    assert desk.profile("li").state == State.NONE
    assert desk.sweep() is None


def test_a_card_that_is_too_long_is_refused_in_words_and_stops_nobody(desk: CardsDesk) -> None:
    # given a store whose name fills more than WeCom takes
    OrgUnit.objects.filter(pk=desk.company.store_a.pk).update(name="上海市南京东路步行街旗舰店")
    desk.template("公司", text_line("门店", "{store}"))

    # when the cards are written
    job = desk.push()

    # then one is refused with the reason, WeCom was not even asked, the others are written
    assert (job.state, job.succeeded, job.failed) == (JobState.DONE, 2, 1)
    profile = desk.profile("li")
    assert (profile.state, profile.code, desk.shown("li")) == (
        State.REFUSED, "too_long", {"position": ""},
    )  # fmt: skip
    with translation.override("en"):
        assert reason_words(profile) == (
            'The line "门店" is longer than 12 characters once it is filled in for this account.'
            " Shorten the template or the name."
        )


def test_a_refusal_by_wecom_is_kept_in_words_and_tried_again_by_a_person(desk: CardsDesk) -> None:
    # given an account that somebody deletes in WeCom meanwhile
    desk.template("公司", text_line("门店", "{store}"))
    wecom("contacts").user.delete("guide_li")

    # when the cards are written
    job = desk.push()

    # then the refusal names the errcode; the clock does not insist
    assert (job.succeeded, job.failed) == (2, 1)
    assert (desk.profile("li").state, desk.profile("li").errcode) == (State.REFUSED, 60111)
    with translation.override("en"):
        assert reason_words(desk.profile("li")).endswith("[60111]")
    assert desk.sweep() is None

    # when it exists again and a person asks for it
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="13977990000")
    assert again(scope=desk.scope, actor=desk.user) == 1
    desk.push()

    # then it is written, and the act is in the audit
    assert desk.shown("li")["门店"] == "人民路店"
    assert AuditEntry.objects.filter(action="external_profile.again").count() == 1


def test_what_somebody_changed_in_wecom_is_shown_and_brought_back(desk: CardsDesk) -> None:
    # given written cards, one of which is changed in WeCom
    desk.template("公司", text_line("门店", "{store}"))
    desk.push()
    changed = [{"type": 0, "name": "私人", "text": {"value": "加我微信"}}]
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": changed})

    # when the cards are compared
    job = desk.check()

    # then exactly this one has drifted, and what it shows is kept
    assert (job.total, job.succeeded, job.failed) == (3, 2, 1)
    profile = desk.profile("li")
    assert profile.state == State.DRIFTED
    assert profile.seen is not None
    assert [line["value"] for line in profile.seen["lines"]] == ["加我微信"]

    # and the clock lets it be, until a person brings it back
    assert desk.sweep() is None
    again(scope=desk.scope, actor=desk.user, members=[desk.guides["li"].pk])
    desk.push()
    assert (desk.shown("li"), desk.profile("li").state) == (
        {"position": "", "门店": "人民路店"}, State.WRITTEN,
    )  # fmt: skip


def test_an_account_out_of_the_apps_range_is_written_blind_and_says_so(desk: CardsDesk) -> None:
    # given an app that may not look at these accounts
    desk.template("公司", text_line("门店", "{store}"))
    desk.world.control.post("scope", {"app": "scrm", "departments": [], "users": []})

    # when the cards are written
    job = desk.push()

    # then they are, and our row says that it could not be read
    profile = desk.profile("li")
    assert (job.succeeded, profile.state, profile.is_readable) == (3, State.WRITTEN, False)
    assert profile.written_at is not None


def test_an_interrupted_push_goes_on_and_keeps_what_was_there_before(desk: CardsDesk) -> None:
    # given an account with a card of its own, and a WeCom that writes but never answers
    own = [{"type": 0, "name": "荣誉", "text": {"value": "金牌导购"}}]
    wecom("contacts").user.update("guide_li", external_profile={"external_attr": own})
    template = desk.template("公司", text_line("门店", "{store}"))
    desk.world.control.post(
        "faults", {"endpoint": "user/update", "kind": "reset", "after": True, "count": 2}
    )
    job = desk.push()
    assert job.state == JobState.WAITING

    # when WeCom is well again and the job goes on
    desk.world.control.delete("faults")
    JobRun.objects.filter(pk=job.pk).update(not_before=timezone.now())
    desk.resume(job)

    # then every card is written once more at most, and the own card is still known
    assert (job.state, JobRun.objects.count()) == (JobState.DONE, 1)
    assert desk.shown("li") == {"position": "", "门店": "人民路店"}
    template_retire(template=template, actor=desk.user)
    desk.sweep()
    assert desk.shown("li") == {"position": "", "荣誉": "金牌导购"}


def test_a_worker_killed_at_half_repeats_nothing(
    desk: CardsDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a worker that is killed after its first card
    class Killed(BaseException):
        pass

    write = pushing._Pen.write

    def write_once(pen: Any, member: Member, card: Any) -> None:
        if MemberProfile.objects.filter(state=State.WRITTEN).exists():
            raise Killed
        write(pen, member, card)

    desk.template("公司", text_line("门店", "{store}"))
    updates = desk.calls("user/update")
    with monkeypatch.context() as patch:
        patch.setattr(pushing._Pen, "write", write_once)
        with pytest.raises(Killed):
            desk.push()
    job = JobRun.objects.get()
    assert (job.state, job.processed, job.total) == (JobState.RUNNING, 1, 3)

    # when the beat hands the job over again
    desk.resume(job)

    # then it goes on with the second one, and the counts are those of one run
    assert (job.state, job.processed, job.succeeded, job.total) == (JobState.DONE, 3, 3, 3)
    assert desk.calls("user/update") == updates + 3


def test_who_left_keeps_no_row_and_a_disabled_account_is_not_written(desk: CardsDesk) -> None:
    # given written cards
    template = desk.template("公司", text_line("门店", "{store}"))
    desk.push()
    updates = desk.calls("user/update")

    # when one leaves, one is disabled and the template changes
    Member.objects.filter(pk=desk.guides["li"].pk).update(status=Member.Status.LEFT)
    Member.objects.filter(pk=desk.guides["wang"].pk).update(status=Member.Status.DISABLED)
    ProfileTemplate.objects.filter(pk=template.pk).update(
        items=[text_line("问候", "您好")], revision=9
    )
    desk.sweep()

    # then only the third is written
    assert desk.calls("user/update") == updates + 1
    assert not MemberProfile.objects.filter(member=desk.guides["li"]).exists()


def test_without_any_template_the_clock_makes_no_rows(desk: CardsDesk) -> None:
    assert sweep() is None
    assert MemberProfile.objects.count() == 0
