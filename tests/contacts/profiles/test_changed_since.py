"""A template that changed under somebody's hands: what was approved is what is written, and only one of two wins."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.profiles import views
from contacts.profiles.approvals import publish_ask
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.services import TemplateDraft, template_publish, template_save
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.approvals import services as approvals
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from tests.cast import Company, company, guide_li, guide_wang, hq_ops, person
from tests.contacts.profiles.cards_desk import text_line

__all__ = ["company", "guide_li", "guide_wang", "hq_ops"]
GOOD = text_line("门店", "{store}")
OTHER = {
    "name": "另一张", "unit": "", "posts": "", "position_text": "另一个职务", "corp_name": "", "channels_name": "",
    "lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0",
}  # fmt: skip


def saved(user: User, name: str = "门店名片", **more: Any) -> ProfileTemplate:
    """Return a draft."""
    draft = TemplateDraft(name=name, **({"items": (GOOD,)} | more))
    return template_save(draft, scope=scope_for(user), actor=user)


@pytest.fixture
def two_needed(settings: Any, guide_li: Member, guide_wang: Member) -> None:
    """Two guides; one person changes one account alone."""
    settings.PROFILE_ACCOUNTS_ALONE = 1


def untouched(template: ProfileTemplate) -> bool:
    """Return whether a template is published as it was approved."""
    template.refresh_from_db()
    return (template.status, template.name, template.items) == ("published", "门店名片", [GOOD])


@pytest.mark.django_db
@pytest.mark.usefixtures("two_needed")
def test_a_change_that_was_on_its_way_when_another_approved_is_refused(hq_ops: User) -> None:
    # given a template a maker read as a draft, and a checker who approves it meanwhile
    template = saved(hq_ops)
    asked = publish_ask(template=template, actor=hq_ops, reason="大促")
    on_its_way = ProfileTemplate.objects.get(pk=template.pk)
    approvals.approve(asked, actor=person("hq2", "hq_ops"))

    # when the maker saves something else, then it is not published
    draft = TemplateDraft(name="另一张", items=(text_line("门店", "别处"),))
    with pytest.raises(Conflict) as refusal:
        template_save(draft, scope=scope_for(hq_ops), actor=hq_ops, template=on_its_way)
    assert refusal.value.code == "changed_since"
    assert untouched(template)

    # and as a change of what is published it needs somebody else, too
    with pytest.raises(Conflict) as alone:
        template_save(draft, scope=scope_for(hq_ops), actor=hq_ops, template=template)
    assert alone.value.code == "second_person"
    assert untouched(template)
    assert AuditEntry.objects.filter(action="external_profile.save").count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("two_needed")
def test_a_form_posted_while_another_approves_changes_nothing(
    hq_ops: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = saved(hq_ops)
    asked = publish_ask(template=template, actor=hq_ops, reason="大促")
    checker, save = person("hq2", "hq_ops"), views._saved

    def late(*given: Any) -> Any:
        approvals.approve(asked, actor=checker)
        return save(*given)

    monkeypatch.setattr(views, "_saved", late)
    client.force_login(hq_ops)
    answer = client.post(reverse("external_profiles:edit", args=[template.pk]), OTHER)

    assert answer.status_code == 422
    assert untouched(template)


@pytest.mark.django_db
def test_a_page_opened_before_a_change_neither_saves_nor_publishes(
    hq_ops: User, company: Company, client: Client
) -> None:
    # given a draft two people opened, one of whom saved it
    template = saved(hq_ops)
    client.force_login(hq_ops)
    opened = client.get(reverse("external_profiles:edit", args=[template.pk])).content.decode()
    assert 'name="revision" value="1"' in opened
    client.post(reverse("external_profiles:edit", args=[template.pk]), OTHER | {"revision": "1"})

    # when the other one saves or publishes what she saw, then it stays as the first one left it
    late = OTHER | {"name": "晚了", "revision": "1"}
    assert client.post(reverse("external_profiles:edit", args=[template.pk]), late).status_code == 422  # fmt: skip
    client.post(reverse("external_profiles:publish", args=[template.pk]), {"revision": "1"})
    template.refresh_from_db()
    assert (template.name, template.status, template.revision) == ("另一张", "draft", 2)


@pytest.mark.django_db(transaction=True)
def test_of_two_templates_for_the_same_accounts_published_at_once_one_wins(
    hq_ops: User, company: Company
) -> None:
    # given two drafts for the whole company, one being published in a transaction that is still open
    first, second = saved(hq_ops, "一"), saved(hq_ops, "二")
    refused: list[str] = []

    def publish() -> None:
        try:
            template_publish(template=second, actor=hq_ops)
        except Conflict as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    other = threading.Thread(target=publish)
    with transaction.atomic():
        template_publish(template=first, actor=hq_ops)
        # when another person publishes the other one, then she waits for the first
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(10)

    # then she is refused
    assert refused == ["same_accounts"]
    assert [each.name for each in ProfileTemplate.objects.filter(status="published")] == ["一"]
