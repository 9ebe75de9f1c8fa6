"""What a person is told before a card is written: how it looks, how long its texts become, how many would be refused."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.profiles.approvals import publish_ask
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.services import TemplateDraft, template_publish, template_save
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from tests.cast import Company, branch_ops, company, guide, guide_li, guide_wang, hq_ops
from tests.contacts.profiles.cards_desk import CardsDesk, desk, text_line

__all__ = ["branch_ops", "company", "desk", "guide_li", "guide_wang", "hq_ops"]
pytestmark = pytest.mark.django_db
LONG = "上海市南京东路步行街旗舰店"


@pytest.fixture
def long_name(company: Company, guide_li: Member, guide_wang: Member) -> Company:
    """A company with two guides in stores of short names and one in a store whose name no card holds."""
    company.store_south.name = LONG
    company.store_south.save()
    guide("guide_zhao", "赵敏", company.store_south)
    return company


def saved(user: User, *items: dict[str, str], **more: str) -> ProfileTemplate:
    """Return a draft for the whole company."""
    draft = TemplateDraft(name="门店名片", items=items or (text_line("门店", "{store}"),), **more)
    return template_save(draft, scope=scope_for(user), actor=user)


def test_publishing_names_how_many_would_be_refused(
    client: Client, hq_ops: User, long_name: Company
) -> None:
    # given a template that one of three accounts cannot show
    template = saved(hq_ops)
    client.force_login(hq_ops)

    # when a person is about to publish it, then the question says so
    page = client.get(reverse("external_profiles:detail", args=[template.pk])).content.decode()
    question = page.split('x-on:click="ask" data-confirm="')[1].split('"')[0]
    assert "1" in question
    assert "3" in question
    assert question.count("3") == 2


def test_who_decides_reads_how_many_would_be_refused(
    client: Client, hq_ops: User, long_name: Company, settings: pytest.FixtureRequest
) -> None:
    settings.PROFILE_ACCOUNTS_ALONE = 1  # type: ignore[attr-defined]
    template = saved(hq_ops)
    client.force_login(hq_ops)
    form = client.get(reverse("external_profiles:ask", args=[template.pk]))
    assert form.context["refused"] != ""

    asked = publish_ask(template=template, actor=hq_ops, reason="大促")

    assert asked.payload["refused"] == [1, 3] or asked.payload["refused"] == (1, 3)
    page = client.get(reverse("approvals:detail", args=[asked.pk])).content.decode()
    assert form.context["refused"] in page


def test_the_editor_measures_texts_among_the_accounts_it_covers(
    client: Client, hq_ops: User, branch_ops: User, long_name: Company
) -> None:
    # given what somebody types: a variable, fixed letters, a variable that does not exist
    def measured(user: User, **form: str) -> object:
        client.force_login(user)
        texts = ["{store}", "您好", "{nobody}"]
        return client.post(reverse("external_profiles:measure"), {"text": texts, **form}).json()

    # when headquarters types it for all, then the longest real value counts, and how many it does not fit
    whole = measured(hq_ops)
    assert whole == {
        "accounts": 3,
        "texts": [
            {"longest": LONG, "length": 13, "over": 1},
            {"longest": "您好", "length": 2, "over": 0},
            None,
        ],
    }

    # and where it covers only the south, or nobody
    assert measured(hq_ops, unit="S3") == {**whole, "accounts": 1}  # type: ignore[dict-item]
    assert measured(hq_ops, posts="店长")["accounts"] == 0  # type: ignore[index]

    # and a branch learns nothing of another one's accounts
    own = measured(branch_ops)
    assert LONG not in str(own)
    assert own["accounts"] == 2  # type: ignore[index]
    assert measured(branch_ops, unit="S3") == {"accounts": 0, "texts": [None] * 3}
    assert not ProfileTemplate.objects.exists()


@pytest.mark.flow
def test_the_preview_is_the_card_a_push_writes(desk: CardsDesk, client: Client) -> None:
    # given a lasting card with a position, and a campaign's draft that leaves it blank
    desk.template(
        "公司", text_line("门店", "{store}"), position_text="{guide}导购", corp_name="好店"
    )
    desk.push()
    draft = saved(desk.user, text_line("活动", "周年庆"))
    client.force_login(desk.user)

    # when the draft is looked at, then what it leaves blank is that of the card below it
    ProfileTemplate.objects.filter(pk=draft.pk).update(unit=desk.company.east)
    page = client.get(reverse("external_profiles:detail", args=[draft.pk]))
    member, card = page.context["preview"]

    # and it is what the account shows once it is published
    template_publish(template=page.context["template"], actor=desk.user)
    desk.push()
    key = member.userid.removeprefix("guide_")
    assert card == desk.profile(key).written
    assert (card["position"], card["corp_name"]) == (f"{member.name}导购", "好店")
