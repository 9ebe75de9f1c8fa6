"""The home page: real figures, only what the person may see, at a constant number of queries."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.models import OrgUnit, StoreBinding
from contacts.roles import services
from contacts.roles.models import Role
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun, JobState
from scrm.core.scope import scope_of
from scrm.home.figures import PROVIDERS
from scrm.home.menu import menu_for
from tests.factories.accounts import UserFactory
from tests.factories.attribution import AddEpisodeFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def roles() -> dict[str, Role]:
    services.presets_load()
    return {role.code: role for role in Role.objects.all()}


@pytest.fixture
def hq(roles) -> User:
    user = UserFactory()
    services.grant(user=user, role=roles["hq_ops"], org_unit=None, actor=None)
    return user


@pytest.fixture
def company() -> OrgUnit:
    """A branch with three open stores and a closed one; one store is served, one member left."""
    branch = OrgUnit.objects.create(kind="branch", code="B1", name="East", path="/1/")
    stores = [
        OrgUnit.objects.create(
            kind="store", code=f"S{n}", name=f"Store {n}", path=f"/1/{n}/", parent=branch
        )
        for n in range(10, 14)
    ]
    OrgUnit.objects.filter(pk=stores[3].pk).update(status=OrgUnit.Status.CLOSED)
    for number, status in enumerate([1, 1, 4, 5]):
        member = Member.objects.create(
            userid=f"m{number}", status=status, can_follow=number == 0, org_path="/1/10/"
        )
        if number == 0:
            StoreBinding.objects.create(store=stores[0], member=member)
    return branch


def cards(page) -> dict[str, int]:
    return {card.key: card.figure.value for card in page.context["cards"]}


def test_an_empty_installation_shows_steps_instead_of_zeros(client, hq):
    client.force_login(hq)

    page = client.get("/console/")

    assert page.context["is_empty"] is True
    assert [step.done for step in page.context["steps"]] == [False] * 6
    assert b'class="kpi"' not in page.content


def test_figures_are_counted_from_the_data(client, hq, company):
    JobRun.objects.create(kind="x", title="x", state=JobState.RUNNING)
    JobRun.objects.create(kind="x", title="x", state=JobState.FAILED)
    client.force_login(hq)

    page = client.get("/console/")

    shown = cards(page)
    assert (shown["members"], shown["stores"], shown["jobs"]) == (3, 1, 1)
    assert [(todo.count, todo.url) for todo in page.context["todos"]][-1] == (1, "/console/jobs/")
    notes = {card.key: card.figure.note for card in page.context["cards"]}
    assert "33.3" in notes["stores"]
    assert "2" in notes["members"]


def test_yesterdays_failed_job_is_no_to_do(client, hq):
    JobRun.objects.create(kind="x", title="x", state=JobState.FAILED)
    JobRun.objects.update(created_at=timezone.now() - timedelta(days=1))
    client.force_login(hq)

    assert client.get("/console/").context["todos"] == []


def test_a_branch_counts_only_its_own(client, roles, company):
    other = OrgUnit.objects.create(kind="branch", code="B2", name="West", path="/2/")
    user = UserFactory()
    services.grant(user=user, role=roles["branch_ops"], org_unit=other, actor=None)
    client.force_login(user)

    shown = cards(client.get("/console/"))

    assert (shown["members"], shown["stores"]) == (0, 0)


def test_the_it_administrator_sees_no_figure_about_customers(client, roles, company):
    user = UserFactory()
    services.grant(user=user, role=roles["it_admin"], org_unit=None, actor=None)
    client.force_login(user)

    assert set(cards(client.get("/console/"))) == {"members", "jobs", "events"}


def test_queries_do_not_grow_with_the_data(client, hq, company, django_assert_max_num_queries):
    client.force_login(hq)
    with django_assert_max_num_queries(28):
        client.get("/console/")
    Member.objects.bulk_create(Member(userid=f"more{n}", status=1) for n in range(50))
    with django_assert_max_num_queries(28):
        client.get("/console/")


def test_every_figure_says_what_it_means(client, hq, company):
    client.force_login(hq)
    page = client.get("/console/")

    assert len({provider.key for provider in PROVIDERS}) == len(PROVIDERS)
    assert all(card.figure.definition and card.url for card in page.context["cards"])


def test_a_guide_is_told_that_the_console_is_not_for_guides(client, roles):
    user = UserFactory()
    services.grant(user=user, role=roles["guide"], org_unit=None, actor=None)
    client.force_login(user)

    page = client.get("/console/")

    assert page.status_code == 403
    assert "403.html" in [template.name for template in page.templates]
    assert b"side-link" not in page.content


def test_who_has_no_role_is_offered_another_account_and_no_link_back_to_the_same_refusal(
    client, roles, hq
):
    client.cookies["django_language"] = "en"
    user = UserFactory(username="newcomer")
    client.force_login(user)

    page = client.get("/console/").content.decode()

    assert "newcomer" in page
    assert "ask HQ operations or the IT administrator" in page
    assert "Log out and use another account" in page
    assert 'href="/console/"' not in page

    client.force_login(hq)
    page = client.get("/console/health/").content.decode()

    assert 'class="btn" href="/console/"' in page
    assert "another account" not in page


def test_no_button_leads_to_a_page_the_person_may_not_open(client, hq):
    client.force_login(hq)

    steps = client.get("/console/").context["steps"]

    assert [step.url for step in steps] == [
        "",
        "/console/oa-sync/",
        "/console/org/",
        "/console/live-codes/",
        "/console/members/",
        "/console/customers/",
    ]


def test_the_last_seven_days_of_adds_are_drawn_with_today_last(client, hq):
    now = timezone.now()
    for days in (0, 0, 2, 9):
        AddEpisodeFactory(started_at=now - timedelta(days=days))
    client.force_login(hq)

    page = client.get("/console/")

    card = next(card for card in page.context["cards"] if card.key == "adds_today")
    assert card.figure.trend == (0, 0, 0, 0, 1, 0, 2)
    assert card.figure.value == 2
    assert [bar.height for bar in card.bars] == [1, 1, 1, 1, 20, 1, 40]
    # Adds, losses and sales.
    assert page.content.count(b"<rect") == 3 * 7


@pytest.mark.parametrize(
    "path", ["/console/crm-sources/files/members/", "/console/org/imports/new/"]
)
def test_a_file_is_chosen_in_the_readers_language(client, hq, path):
    client.force_login(hq)
    client.cookies["django_language"] = "zh-hans"

    page = client.get(path).content.decode()

    assert "选择文件" in page
    assert 'type="file"' in page


@pytest.mark.parametrize(
    ("page", "leaf"),
    [
        ("sales:list", "sales:list"),
        ("sales:rules", "sales:rules"),
        ("sales:rule_create", "sales:rules"),
        ("sales:detail", "sales:list"),
        ("welcome:create", "welcome:list"),
    ],
)
def test_the_menu_marks_the_one_page_where_the_reader_is(hq, page, leaf):
    sections = menu_for(scope_of(hq), view_name=page)

    marked = [each.url for section in sections for each in section.leaves if each.active]
    assert marked == [reverse(leaf)]
