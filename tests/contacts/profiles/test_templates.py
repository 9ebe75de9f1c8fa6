"""Templates: who may write them, what is refused, the audit, and every page for every role."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services import (
    TemplateDraft,
    template_publish,
    template_retire,
    template_save,
    trial,
)
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.jobs.models import JobRun
from tests.cast import Company, guide
from tests.contacts.profiles.cards_desk import text_line

pytestmark = pytest.mark.django_db
LINE = text_line("门店", "{store}")


def saved(user: User, name: str = "公司", **more: Any) -> ProfileTemplate:
    """Return a draft."""
    draft = TemplateDraft(name=name, **({"items": (LINE,)} | more))
    return template_save(draft, scope=scope_for(user), actor=user)


def fingerprint() -> tuple[Any, ...]:
    """Return what a denied action must not have changed."""
    return (
        list(ProfileTemplate.objects.order_by("pk").values_list("pk", "status", "revision")),
        list(MemberProfile.objects.order_by("pk").values_list("pk", "for_templates")),
        JobRun.objects.count(),
    )


def test_every_step_of_a_template_is_in_the_audit(hq_ops: User) -> None:
    # given a draft, when it is published, changed and withdrawn
    template = template_publish(template=saved(hq_ops), actor=hq_ops)
    changed = TemplateDraft(name="公司", items=(text_line("门店", "您好"),))
    template_save(changed, scope=scope_for(hq_ops), actor=hq_ops, template=template)
    template_retire(template=template, actor=hq_ops)

    # then each step is there with before and after
    rows = list(AuditEntry.objects.filter(target=f"external_profile:{template.pk}").order_by("at"))
    assert [row.action.rpartition(".")[2] for row in rows] == ["save", "publish", "save", "retire"]
    assert rows[2].before is not None
    assert rows[2].after is not None
    assert (rows[2].before["items"], rows[2].after["items"]) == (
        [LINE], [text_line("门店", "您好")],
    )  # fmt: skip
    template.refresh_from_db()
    assert (template.status, template.revision) == ("retired", 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": ()},
        {"items": (text_line("门店", "一二三四五六七八九十甲乙丙"),)},
        {"items": tuple(text_line(f"第{n}行", "您好") for n in range(7))},
        {"starts_at": timezone.now()},
        {"starts_at": timezone.now(), "ends_at": timezone.now() - timedelta(days=1)},
        {"position_text": "{nobody}"},
    ],
)
def test_what_wecom_would_refuse_is_not_saved(hq_ops: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        saved(hq_ops, **wrong)
    assert ProfileTemplate.objects.count() == 0


def test_two_templates_for_the_same_accounts_are_refused(hq_ops: User, company: Company) -> None:
    # given a published one
    template_publish(template=saved(hq_ops, posts=["导购"]), actor=hq_ops)
    same = saved(hq_ops, "另一张", posts=["导购", "店长"])

    # when another says the same accounts, then it is refused; a campaign, another post and a unit pass
    with pytest.raises(Conflict) as refusal:
        template_publish(template=same, actor=hq_ops)
    assert refusal.value.code == "same_accounts"
    now = timezone.now()
    window = {"starts_at": now, "ends_at": now + timedelta(days=1)}
    for name, more in (
        ("活动", {"posts": ["导购"], **window}),
        ("店长", {"posts": ["店长"]}),
        ("华东", {"posts": ["导购"], "unit": company.east}),
    ):
        assert template_publish(template=saved(hq_ops, name, **more), actor=hq_ops).status == (
            "published"
        )
    with pytest.raises(Conflict) as taken:
        saved(hq_ops, "华东", unit=company.east)
    assert taken.value.code == "name_taken"


def test_a_branch_writes_only_for_its_own_units(
    branch_ops: User, outsider: User, company: Company
) -> None:
    # when a branch writes for itself, then it may, under a name another branch has, too
    assert saved(branch_ops, "自己", unit=company.store_a).unit == company.store_a
    other = saved(outsider, "自己", unit=company.store_south)
    other.delete()

    # and for the company or another branch it may not
    for unit in (None, company.south):
        with pytest.raises(ValidationFailed) as refusal:
            saved(branch_ops, "别人", unit=unit)
        assert refusal.value.code == "out_of_scope"
    assert ProfileTemplate.objects.count() == 1


def test_a_trial_counts_the_reach_and_names_what_would_be_refused(
    hq_ops: User, branch_ops: User, company: Company, guide_li: Member, guide_wang: Member
) -> None:
    # given one guide whose store has a long name
    company.store_a.name = "上海市南京东路步行街旗舰店"
    company.store_a.save()
    template = saved(hq_ops)

    # when it is tried
    found = trial(template, scope_for(hq_ops))

    # then one of two would be refused, and nothing was written
    assert (found.accounts, found.refused, found.example, found.line) == (2, 1, guide_li, "门店")
    assert MemberProfile.objects.count() == 0


ROUTES: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "list", {}),
    ("GET", "create", {}),
    ("POST", "create", {"name": "新的"}),
    ("GET", "detail", {}),
    ("GET", "edit", {}),
    ("POST", "edit", {"name": "改名"}),
    ("GET", "ask", {}),
    ("POST", "ask", {"reason": "大促"}),
    ("POST", "publish", {}),
    ("POST", "retire", {}),
    ("GET", "cards", {}),
    ("GET", "card", {}),
    ("POST", "accept", {"reason": "大促"}),
    ("POST", "again", {"member": "li"}),
    ("POST", "push", {}),
    ("POST", "check", {}),
    ("GET", "live", {}),
    ("POST", "measure", {"text": "{guide}"}),
]
READS = {"list", "detail", "cards", "card", "live"}
WHOLE_COMPANY = {"push", "check"}


@pytest.mark.parametrize(("method", "name", "body"), ROUTES)
@pytest.mark.parametrize("who", ["outsider", "auditor", "it_admin", "guide_li"])
def test_who_may_open_what(
    method: str,
    name: str,
    body: dict[str, str],
    who: str,
    request: pytest.FixtureRequest,
    hq_ops: User,
    company: Company,
    guide_li: Member,
) -> None:
    # given a published template of the eastern branch and the card of its guide
    template = template_publish(template=saved(hq_ops, unit=company.east), actor=hq_ops)
    MemberProfile.objects.create(
        member=guide_li, template=template, state="refused", code="too_long"
    )
    person = request.getfixturevalue(who)
    client = Client()
    client.force_login(person.user if isinstance(person, Member) else person)
    takes_key = name not in {"list", "create", "cards", "again", "live", "measure", *WHOLE_COMPANY}
    key = guide_li.pk if name in {"card", "accept"} else template.pk
    url = reverse(f"external_profiles:{name}", kwargs={"pk": key} if takes_key else {})
    if body.get("member"):
        body = {"member": str(guide_li.pk)}
    before = fingerprint()

    # when somebody asks who is neither HQ nor of this branch
    response = client.get(url) if method == "GET" else client.post(url, body)

    # then another branch does not find it, the auditor reads, the others may not, and nothing changed
    assert response.status_code == expected(who, method, name, takes_key)
    assert who != "outsider" or "guide_li" not in response.content.decode()
    assert fingerprint() == before


def expected(who: str, method: str, name: str, takes_key: bool) -> int:
    """Return what somebody is answered on a template of the eastern branch or the card of its guide."""
    reads = method == "GET" and name in READS
    if who in {"it_admin", "guide_li"} or (who == "auditor" and not reads):
        return 403
    if who == "outsider" and name in WHOLE_COMPANY:
        return 403
    if who == "outsider" and takes_key:
        return 404
    if name in {"again", "measure"}:
        return 302 if name == "again" else 200
    return 422 if method == "POST" else 200


@pytest.mark.parametrize(
    ("place", "status"),
    [("company", 404), ("south", 404), ("east", 302), ("store_a", 302)],
)
def test_a_branch_changes_publishes_and_withdraws_its_own_templates_only(
    client: Client, branch_ops: User, hq_ops: User, company: Company, place: str, status: int
) -> None:
    # given templates of the company, another branch, its own branch and one of its stores
    unit = getattr(company, place, None) if place != "company" else None
    template = saved(hq_ops, unit=unit)
    client.force_login(branch_ops)
    fields = {
        "name": "改名", "unit": unit.code if unit else "", "lines-TOTAL_FORMS": "6", "lines-INITIAL_FORMS": "0",
        "lines-0-kind": "text", "lines-0-name": "门店", "lines-0-value": "您好",
    }  # fmt: skip
    before = fingerprint()

    # when the branch changes, publishes and withdraws each
    for name, body in (("edit", fields), ("publish", {}), ("retire", {})):
        url = reverse(f"external_profiles:{name}", args=[template.pk])
        assert client.post(url, body).status_code == status

    # then only its own are touched, and the company's it may still read
    template.refresh_from_db()
    if status == 404:
        assert fingerprint() == before
    else:
        assert (template.name, template.status) == ("改名", "retired")
    readable = client.get(reverse("external_profiles:detail", args=[template.pk])).status_code
    assert readable == (404 if place == "south" else 200)


def test_a_branch_sees_how_many_of_its_own_accounts_show_a_template(
    client: Client, branch_ops: User, hq_ops: User, company: Company, guide_li: Member
) -> None:
    # given a template of the company that a guide of the branch and one of the south show
    template = saved(hq_ops)
    for member in (guide_li, guide("guide_zhao", "赵敏", company.store_south)):
        MemberProfile.objects.create(member=member, template=template, state="written", written_at=timezone.now())  # fmt: skip

    # and that was refused for one of the branch, and changed in WeCom by another, who do not show it
    for key, state in (("qian", "refused"), ("sun", "drifted")):
        other = guide(f"guide_{key}", key, company.store_b)
        MemberProfile.objects.create(member=other, template=template, state=state, written_at=timezone.now())  # fmt: skip

    # when each looks, then HQ counts two and the branch its own one
    for user, count in ((hq_ops, 2), (branch_ops, 1)):
        client.force_login(user)
        page = client.get(reverse("external_profiles:list"))
        rows = page.context["list"].rows
        assert [(row.cards, row.refused, row.changed) for row in rows] == [(count, 1, 1)]
        shown = client.get(reverse("external_profiles:detail", args=[template.pk]))
        assert shown.context["template"].cards == count


def test_the_form_says_at_the_field_what_is_wrong_and_saves_what_is_right(
    client: Client, hq_ops: User, company: Company
) -> None:
    # given a form with a text that is too long
    client.force_login(hq_ops)
    posted = {
        "name": "华东", "unit": "B1", "posts": "导购\n导购\n店长", "starts_at": "2026-12-01T10:00", "ends_at": "2026-12-02T10:00",
        "lines-TOTAL_FORMS": "6", "lines-INITIAL_FORMS": "0",
        "lines-0-kind": "text", "lines-0-name": "门店", "lines-0-value": "一二三四五六七八九十甲乙丙",
    }  # fmt: skip

    # when it is sent, then it comes back with the words at the field and nothing is saved
    response = client.post(reverse("external_profiles:create"), posted)
    assert response.status_code == 422
    assert response.context["lines"].forms[0].errors.keys() == {"value"}
    assert ProfileTemplate.objects.count() == 0

    # and once repaired it is a draft with its window in our time zone
    response = client.post(
        reverse("external_profiles:create"), posted | {"lines-0-value": "{store}"}
    )
    template = ProfileTemplate.objects.get()
    assert response.headers["Location"] == reverse("external_profiles:detail", args=[template.pk])
    assert (template.unit, template.posts, template.items, template.status) == (
        company.east, ["导购", "店长"], [LINE], "draft",
    )  # fmt: skip
    assert template.starts_at is not None
    assert timezone.localtime(template.starts_at).hour == 10


def test_publishing_starts_the_job_and_says_when_one_runs_already(
    client: Client, hq_ops: User
) -> None:
    client.force_login(hq_ops)
    template = saved(hq_ops)
    client.post(reverse("external_profiles:publish", args=[template.pk]))
    client.post(reverse("external_profiles:retire", args=[template.pk]))
    assert JobRun.objects.filter(kind="profiles.push").count() == 1


def test_lists_need_no_more_queries_for_more_rows(
    client: Client,
    hq_ops: User,
    company: Company,
    guide_li: Member,
    guide_wang: Member,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    # given one card, when there are two, then the list asks no more
    client.force_login(hq_ops)
    template = saved(hq_ops, unit=company.east)
    MemberProfile.objects.create(member=guide_li, template=template)
    url = reverse("external_profiles:cards")
    client.get(url)
    with CaptureQueriesContext(connection) as first:
        client.get(url)
    MemberProfile.objects.create(member=guide_wang, template=template)
    with django_assert_num_queries(len(first)):
        client.get(url)


def test_a_refused_act_says_why(hq_ops: User) -> None:
    template = template_publish(template=saved(hq_ops), actor=hq_ops)
    with pytest.raises(ScrmError):
        template_publish(template=template, actor=hq_ops)
    template_retire(template=template, actor=hq_ops)
    with pytest.raises(ScrmError):
        template_retire(template=template, actor=hq_ops)
