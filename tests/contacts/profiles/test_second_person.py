"""A template of many accounts: asked for by one person, decided by another, done as asked or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.profiles.approvals import change_ask, publish_ask
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.services import (
    TemplateDraft,
    template_publish,
    template_retire,
    template_save,
)
from contacts.roles.selectors import scope_for
from contacts.roles.services import revoke
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied
from scrm.core.jobs.models import JobRun
from tests.cast import Company, person
from tests.contacts.profiles.cards_desk import text_line

pytestmark = pytest.mark.django_db
LINE = text_line("门店", "{store}")


@pytest.fixture(autouse=True)
def one_alone(settings: Any, guide_li: Member, guide_wang: Member) -> None:
    """Two guides in the east; one person changes one account alone."""
    settings.PROFILE_ACCOUNTS_ALONE = 1


@pytest.fixture
def checker(company: Company) -> User:
    """Another person of headquarters."""
    return person("hq2", "hq_ops")


def saved(user: User, name: str = "周年庆", **more: Any) -> ProfileTemplate:
    """Return a draft."""
    draft = TemplateDraft(name=name, **({"items": (LINE,)} | more))
    return template_save(draft, scope=scope_for(user), actor=user)


def stands(template: ProfileTemplate) -> tuple[str, str, int]:
    """Return what a refused act must not have changed."""
    template.refresh_from_db()
    return (template.status, template.name, JobRun.objects.count())


def test_few_accounts_are_published_alone(hq_ops: User, company: Company) -> None:
    template = saved(hq_ops, unit=company.store_a)
    assert template_publish(template=template, actor=hq_ops).status == "published"
    with pytest.raises(Conflict):
        publish_ask(
            template=saved(hq_ops, "另一张", unit=company.store_b), actor=hq_ops, reason="大促"
        )


def test_many_accounts_wait_for_another_person_who_publishes_them(
    client: Client, branch_ops: User, checker: User, company: Company
) -> None:
    # given a branch whose template touches two accounts
    template = saved(branch_ops, unit=company.east)
    client.force_login(branch_ops)
    client.post(reverse("external_profiles:publish", args=[template.pk]))
    assert stands(template) == ("draft", "周年庆", 0)

    # when it asks by the page, then nothing is written yet and the page says that it waits
    asked_url = client.post(
        reverse("external_profiles:ask", args=[template.pk]), {"reason": "双十一"}
    ).headers["Location"]
    asked = Approval.objects.get()
    assert (asked_url, asked.payload["accounts"]) == (
        reverse("approvals:detail", args=[asked.pk]), 2,
    )  # fmt: skip
    assert stands(template) == ("draft", "周年庆", 0)
    page = client.get(reverse("external_profiles:detail", args=[template.pk])).content.decode()
    assert asked_url in page

    # and when the other one agrees on the page of approvals, it is published and being written
    client.force_login(checker)
    shown = client.get(asked_url).content.decode()
    assert "{store}" in shown
    assert "华东分公司 · B1" in shown
    client.post(f"{asked_url}decide/", {"decision": "approve", "reason": ""})
    assert stands(template) == ("published", "周年庆", 1)
    template.refresh_from_db()
    assert template.published_by == branch_ops
    assert AuditEntry.objects.filter(action="external_profile.publish").count() == 1


def test_nobody_decides_on_what_he_asked_for_and_a_branch_on_nothing(
    hq_ops: User, branch_ops: User, auditor: User
) -> None:
    template = saved(hq_ops)
    asked = publish_ask(template=template, actor=hq_ops, reason="双十一")
    for somebody in (hq_ops, branch_ops, auditor):
        with pytest.raises(PermissionDenied):
            approvals.approve(asked, actor=somebody)
    assert stands(template) == ("draft", "周年庆", 0)
    asked.refresh_from_db()
    assert asked.state == "waiting"


def test_a_refusal_leaves_the_draft(hq_ops: User, checker: User) -> None:
    template = saved(hq_ops)
    approvals.refuse(
        publish_ask(template=template, actor=hq_ops, reason="双十一"), actor=checker, reason="太早"
    )
    assert stands(template) == ("draft", "周年庆", 0)


def test_a_change_after_asking_takes_the_request_back(hq_ops: User, checker: User) -> None:
    # given a template that waits, when it is changed
    template = saved(hq_ops)
    asked = publish_ask(template=template, actor=hq_ops, reason="双十一")
    template_save(
        TemplateDraft(name="双十一", items=(LINE,)),
        scope=scope_for(hq_ops),
        actor=hq_ops,
        template=template,
    )

    # then nobody can agree to what it was
    with pytest.raises(Conflict):
        approvals.approve(asked, actor=checker)
    asked.refresh_from_db()
    assert (asked.state, stands(template)) == ("taken_back", ("draft", "双十一", 0))


def test_what_a_template_became_behind_the_request_is_not_published(
    hq_ops: User, checker: User
) -> None:
    # given a template that waits and is changed by other means
    template = saved(hq_ops)
    asked = publish_ask(template=template, actor=hq_ops, reason="双十一")
    ProfileTemplate.objects.filter(pk=template.pk).update(revision=7)
    with pytest.raises(Conflict):
        approvals.approve(asked, actor=checker)
    assert stands(template) == ("draft", "周年庆", 0)


def test_who_asked_must_still_hold_the_right_and_the_campaign_its_time(
    hq_ops: User, branch_ops: User, checker: User, company: Company
) -> None:
    # given a branch that asked and lost its right since, and a campaign that is over
    template = saved(branch_ops, unit=company.east)
    asked = publish_ask(template=template, actor=branch_ops, reason="双十一")
    for grant in branch_ops.role_grants.all():
        revoke(grant, actor=None)
    now = timezone.now()
    short = saved(hq_ops, "短", starts_at=now, ends_at=now + timedelta(days=1))
    late = publish_ask(template=short, actor=hq_ops, reason="双十一")
    ProfileTemplate.objects.filter(pk=short.pk).update(
        starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1)
    )

    # then neither is published
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=checker)
    with pytest.raises(Conflict):
        approvals.approve(late, actor=checker)
    assert stands(template) == ("draft", "周年庆", 0)
    assert stands(short) == ("draft", "短", 0)


def test_a_published_template_of_many_accounts_changes_by_two_people(
    client: Client, hq_ops: User, checker: User, company: Company
) -> None:
    # given a template of the east, published by two people
    template = saved(hq_ops, unit=company.east)
    approvals.approve(publish_ask(template=template, actor=hq_ops, reason="大促"), actor=checker)
    client.force_login(hq_ops)
    url = reverse("external_profiles:edit", args=[template.pk])
    fields = {
        "name": "周年庆", "unit": "B1", "lines-TOTAL_FORMS": "6", "lines-INITIAL_FORMS": "0",
        "lines-0-kind": "text", "lines-0-name": "门店", "lines-0-value": "您好",
    }  # fmt: skip

    # when one person changes it, even to fewer accounts, then the form asks why and nothing changed
    for unit in ("B1", "S1"):
        answer = client.post(url, fields | {"unit": unit})
        assert answer.status_code == 422
        assert answer.context["form"].errors.keys() == {"reason"}
    template.refresh_from_db()
    assert template.items == [LINE]

    # and with a reason it waits, shows before and after, and holds once another agreed
    client.post(url, fields | {"reason": "改问候语"})
    asked = Approval.objects.get(state="waiting")
    template.refresh_from_db()
    assert template.items == [LINE]
    client.force_login(checker)
    shown = client.get(reverse("approvals:detail", args=[asked.pk])).content.decode()
    assert "门店 {store}" in shown
    assert "门店 您好" in shown
    approvals.approve(asked, actor=checker)
    template.refresh_from_db()
    assert (template.items, template.status) == ([text_line("门店", "您好")], "published")


def test_a_change_of_nothing_much_needs_nobody_else(
    hq_ops: User, checker: User, company: Company
) -> None:
    template = template_publish(template=saved(hq_ops, unit=company.store_a), actor=hq_ops)
    with pytest.raises(Conflict):
        change_ask(
            template=template,
            draft=TemplateDraft(name="周年庆", unit=company.store_a, items=(LINE,)),
            scope=scope_for(hq_ops),
            actor=hq_ops,
            reason="大促",
        )
    assert not Approval.objects.exists()


def test_one_person_withdraws_however_many_accounts_it_touches(hq_ops: User, checker: User) -> None:
    template = saved(hq_ops)
    approvals.approve(publish_ask(template=template, actor=hq_ops, reason="大促"), actor=checker)
    template_retire(template=template, actor=hq_ops)
    template.refresh_from_db()
    assert template.status == "retired"
