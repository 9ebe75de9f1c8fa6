"""The abuse cases of people who are let in: A01-A07, A25, A26 (reference: reliability)."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.directory.models import Member
from contacts.directory.services import member_left
from contacts.roles.services import leavers_revoke
from customers.relations.models import FollowRelation
from scrm.accounts.models import User, UserSession
from scrm.core.alerts.models import Alert
from scrm.core.approvals.exports import needs_second_person
from scrm.core.audit.models import AuditEntry
from scrm.core.jobs.models import JobRun
from scrm.home.h5_customers import ReasonForm
from scrm.settings.base import CELERY_BEAT_SCHEDULE
from tests.cast import Company, guide, person
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import ContactFactory, RelationFactory
from tests.factories.sales import order, settle, token, touch

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


def customer(member: Member, name: str) -> FollowRelation:
    return RelationFactory(member=member, contact=ContactFactory(name=name), remark_phones=[PHONE])


@pytest.fixture
def li(client: Client, guide_li: Member) -> Client:
    """The phone of guide Li of store A."""
    client.force_login(guide_li.user)
    return client


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    """Counts of an hour begin anew."""
    cache.clear()


def test_a01_anothers_customer_and_none_look_the_same(
    li: Client, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    colleague = guide("guide_chen", "陈静", company.store_a)
    theirs = customer(colleague, "小红").contact

    answer = li.get(f"/h5/c/{theirs.external_userid}/")
    denied: list[Any] = [line.msg for line in caplog.records if "authz.deny" in str(line.msg)]
    nobody = li.get("/h5/c/wm_nobody_at_all/")

    assert (answer.status_code, nobody.status_code) == (404, 404)
    assert _body(answer, theirs.external_userid) == _body(nobody, "wm_nobody_at_all")
    assert "小红" not in answer.content.decode()
    assert [(log["status"], log["view"]) for log in denied] == [(404, "h5:side_bar_customer")]


def _body(answer: Any, external_userid: str) -> str:
    """The page without what was asked for and what is drawn anew each time."""
    text = answer.content.decode().replace(external_userid, "")
    return re.sub(r"[\w-]{32,}", "", text)


def test_a02_store_x_reaches_nothing_of_store_y(
    client: Client, company: Company, guide_li: Member, guide_wang: Member
) -> None:
    """All pages of one object × all roles stand in tests/architecture/test_object_matrix.py."""
    # given a manager of store A, and a customer, a code and an order of store B
    boss = person("wecom:boss_a", "store_manager", company.store_a)
    theirs = customer(guide_wang, "小红").contact
    code = LiveCodeFactory(name="滨江店的活码", members=[guide_wang])
    touch("e-a02", parameter=token(guide_wang), unionid="u-a02")
    order("O-A02", unionid="u-a02", store_code="S2")
    settle()

    for user in (guide_li.user, boss):
        client.force_login(user)
        # lists and figures
        for page in ("/h5/", "/h5/customers/", "/h5/customers/?q=小红", "/h5/sales/", "/h5/code/"):
            text = client.get(page, {"store": "S2", "userid": "guide_wang"}).content.decode()
            assert [word for word in ("小红", "滨江店的活码", "O-A02") if word in text] == []
        # objects and the picture of the code
        for page in (
            f"/h5/customers/{theirs.pk}/",
            f"/h5/c/{theirs.external_userid}/",
            f"/h5/code/{code.pk}.png",
        ):
            assert client.get(page).status_code == 404
        # the console with its exports
        for page in ("/console/relations/", f"/console/live-codes/{code.pk}/", "/console/boards/"):
            assert client.get(page).status_code in {403, 404}
        assert client.post("/console/boards/export/").status_code == 403
    assert JobRun.objects.count() == 0


# What a query may try, key by key; a branch of the east asks.
WIDER = st.dictionaries(
    st.sampled_from(
        ["store", "place", "q", "guide", "order", "sort", "expand", "org_paths", "org_unit", "by", "department_id",
         "member", "range", "userid", "size", "after", "include", "scope"]
    ),
    st.one_of(
        st.sampled_from(
            ["S3", "B2", "天河店", "华南分公司", "guide_zhao", "赵敏", "O-A03-2", "/", "*", "all", "store", "branch",
             "guide", "-amount", "member__name", "store__parent", "1", "0", "-1", "' OR 1=1 --", "%", "100", "[]"]
        ),
        st.text(max_size=12),
    ),
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize(
    "page", ["/console/sales/", "/console/boards/", "/console/members/orders/"]
)
def test_a03_no_query_widens_what_a_branch_sees(
    page: str, client: Client, branch_ops: User, company: Company, guide_wang: Member
) -> None:
    """501 queries in all, drawn by Hypothesis, against three pages with figures and orders."""
    south = guide("guide_zhao", "赵敏", company.store_south)
    for number, member, code in ((1, guide_wang, "S2"), (2, south, "S3")):
        touch(f"e{number}", parameter=token(member), unionid=f"u{number}")
        hidden = order(f"O-A03-{number}", unionid=f"u{number}", store_code=code)
    settle()
    client.force_login(branch_ops)

    @settings(max_examples=167, deadline=None, database=None, derandomize=True)
    @given(query=WIDER)
    def check(query: dict[str, str]) -> None:
        answer = client.get(page, query)
        # What was asked for is repeated in the page's own fields and links; the rows are what counts.
        shown = _without_echo(answer.content.decode(), query)
        assert answer.status_code in {200, 302, 400, 404, 422}
        assert [w for w in (str(hidden.pk), "赵敏", "天河店") if w in shown] == []

    check()


def _without_echo(text: str, query: dict[str, str]) -> str:
    """The page without its form fields, links and words that repeat the query."""
    text = re.sub(r"<(?:input|a|option|form|link|button)\b[^>]*>", "", text)
    for value in filter(None, query.values()):
        text = text.replace(escape(value), "")
    return text


def test_a03_a_branch_does_not_widen_what_it_sees(
    client: Client, branch_ops: User, company: Company, guide_wang: Member
) -> None:
    # given orders of the eastern and the southern branch
    south = guide("guide_zhao", "赵敏", company.store_south)
    for number, member, code in ((1, guide_wang, "S2"), (2, south, "S3")):
        touch(f"e{number}", parameter=token(member), unionid=f"u{number}")
        hidden = order(f"O-A03-{number}", unionid=f"u{number}", store_code=code)
    settle()
    client.force_login(branch_ops)

    for query in (
        {"store": "S3"},
        {"place": "S3"},
        {"q": "O-A03-2"},
        {"guide": "guide_zhao"},
        {"order": "-amount", "expand": "all", "org_paths": "/"},
        {"place": "B2"},
    ):
        for path in ("/console/sales/", "/console/boards/", "/console/members/orders/"):
            shown = client.get(path, query).content.decode()
            assert (str(hidden.pk) in shown, "赵敏" in shown) == (False, False)


def test_a04_fields_nobody_asked_for_change_nothing(li: Client, guide_li: Member) -> None:
    relation = customer(guide_li, "小明")
    extra = {
        "text": "call",
        "userid": "guide_wang",
        "author": "1",
        "is_staff": "1",
        "role": "hq_ops",
    }

    li.post(f"/h5/customers/{relation.contact.pk}/notes/", extra)

    note = relation.contact.notes.get()
    user = User.objects.get(pk=guide_li.user_id)
    assert (note.userid, note.author_id) == ("guide_li", guide_li.user_id)
    assert (user.is_staff, [given.role.code for given in user.role_grants.all()]) == (
        False,
        ["guide"],
    )


def test_a05_the_session_says_who_it_is_and_nothing_else(
    li: Client, guide_li: Member, guide_wang: Member
) -> None:
    mine, theirs = customer(guide_li, "小明"), customer(guide_wang, "小红")

    shown = li.get("/h5/customers/", {"userid": "guide_wang", "member": guide_wang.pk})
    beside = li.get(f"/h5/c/{theirs.contact.external_userid}/", {"userid": "guide_wang"})

    names = [row.name for row in shown.context["rows"]]
    assert (names, beside.status_code) == ([mine.contact.name], 404)


def test_a05_another_guides_cookie_shows_the_other_guide_never_both(
    li: Client, guide_li: Member, guide_wang: Member
) -> None:
    # given a side bar page of Li's customer, forwarded to Wang's phone, and one opened outside of WeCom
    mine = customer(guide_li, "小明").contact
    wang, stranger = Client(), Client()
    wang.force_login(guide_wang.user)
    page = f"/h5/c/{mine.external_userid}/"
    assert li.get(page).status_code == 200

    answer, asked = wang.get(page), stranger.get(page)

    assert (answer.status_code, "小明" in answer.content.decode()) == (404, False)
    assert asked.url == f"/h5/login/?next={page}"


def test_a06_a_customer_who_was_handed_over_is_gone_with_the_next_request(
    li: Client, guide_li: Member, guide_wang: Member
) -> None:
    relation = customer(guide_li, "小明")
    page = f"/h5/customers/{relation.contact.pk}/"
    assert li.get(page).status_code == 200

    FollowRelation.objects.filter(pk=relation.pk).update(member=guide_wang)

    assert li.get(page).status_code == 404
    assert li.post(f"{page}reveal/", {"reason": "order"}).status_code == 404
    assert not AuditEntry.objects.filter(action="relations.reveal").exists()


@pytest.mark.parametrize("status", [Member.Status.LEFT, Member.Status.DISABLED])
def test_a07_an_open_session_ends_when_somebody_leaves(
    status: int, client: Client, company: Company, li: Client, guide_li: Member
) -> None:
    # given a guide on the phone and a colleague of the branch at the console, both logged in
    boss = person("wecom:boss", "branch_ops", company.east)
    Member.objects.create(userid="boss", user=boss, status=Member.Status.ACTIVE)
    console = Client()
    console.force_login(boss)
    assert (li.get("/h5/").status_code, console.get("/console/org/").status_code) == (200, 200)

    Member.objects.filter(userid__in=["boss", "guide_li"]).update(status=status)

    # then with the next request, before any clock ran
    assert (li.get("/h5/").status_code, console.get("/console/org/").status_code) == (403, 403)
    assert console.get("/console/boards/").status_code == 403
    # and who comes back under the old userid finds no roles
    if status == Member.Status.LEFT:
        assert leavers_revoke() == 2


def test_a07_wecoms_word_that_somebody_is_gone_kills_all_sessions(
    company: Company, guide_li: Member
) -> None:
    # given her phone, a second phone and the console
    browsers = [Client() for _each in range(3)]
    for browser in browsers:
        browser.force_login(guide_li.user)
        assert browser.get("/h5/").status_code == 200

    member_left("guide_li", observed_at=timezone.now())

    # then not one row is left, no page opens, and the key of none of them comes back to life
    assert UserSession.objects.filter(user=guide_li.user).count() == 0
    for browser in browsers:
        assert browser.get("/h5/").url.startswith("/h5/login/")
        assert browser.get("/console/account/").url.startswith("/accounts/login/")
        assert browser.post("/console/account/sessions/end-others/").status_code == 302
    assert leavers_revoke() == 1
    assert {
        task["schedule"]
        for name, task in CELERY_BEAT_SCHEDULE.items()
        if name == "contacts.leavers_revoke"
    } == {60.0}


def test_a25_who_copies_the_list_is_held_and_told_of(
    li: Client, guide_li: Member, settings: Any
) -> None:
    settings.CUSTOMERS_OPENED_PER_HOUR = 3
    pages = [f"/h5/customers/{customer(guide_li, f'小{n}').contact.pk}/" for n in range(5)]

    statuses = [li.get(page).status_code for page in pages]

    assert statuses == [200, 200, 200, 429, 429]
    alert = Alert.objects.get(kind="profile.opened")
    assert (alert.count, guide_li.user.username in alert.text) == (2, True)
    # and nothing of more than a thousand rows, or unmasked, is taken alone
    assert [needs_second_person(rows) for rows in (1000, 1001)] == [False, True]
    assert needs_second_person(1, unmasked=True) is True


def test_a26_a_number_is_shown_with_a_reason_one_record_each_so_many_a_day(
    li: Client, guide_li: Member, settings: Any
) -> None:
    settings.H5_REVEALS_PER_DAY = 2
    pages = [f"/h5/customers/{customer(guide_li, f'小{n}').contact.pk}/" for n in range(3)]

    # masked by default, refused by GET and without a reason
    assert PHONE not in li.get(pages[0]).content.decode()
    assert li.get(f"{pages[0]}reveal/", {"reason": "order"}).status_code == 405
    assert li.post(f"{pages[0]}reveal/", {"reason": ""}).status_code == 400
    reasons = list(ReasonForm.REASONS)
    statuses = [li.post(f"{page}reveal/", {"reason": reasons[0]}).status_code for page in pages]

    assert statuses == [200, 200, 429]
    acts = AuditEntry.objects.filter(action="relations.reveal", actor=guide_li.user)
    assert (acts.count(), all(act.reason for act in acts)) == (2, True)
