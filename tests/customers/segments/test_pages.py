"""The pages of segments and rules: who may see and change what, and that a denied act changes nothing."""

import re
from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Member
from customers.segments.models import Segment, TagRule
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.selectors import page_of
from scrm.core.scope import EMPTY_SCOPE
from tests.cast import PASSWORD
from tests.factories.customers import NOON, ContactFactory, RelationFactory, TagFactory
from tests.factories.segments import active_rule, every, leaf, person_of, segment_of

pytestmark = pytest.mark.django_db
CONDITION = every(leaf("friend", "is", True))
FORM = {
    "name": "Friends", "group": "0", "join-0": "all", "row": "a", "group-a": "0", "fact-a": "friend",
    "op-a": "is", "value-a": "yes",
}  # fmt: skip


@pytest.fixture
def english(client: Client) -> Client:
    """A browser that reads English."""
    client.cookies["django_language"] = "en"
    return client


def test_a_segment_is_made_changed_counted_and_deleted(english: Client, hq_ops: User) -> None:
    person_of(RelationFactory(contact=ContactFactory(name="小花")).contact)
    english.login(username="hq", password=PASSWORD)
    # A form nobody has touched is not counted: it would say what is missing.
    assert 'hx-trigger="change from' in english.get("/console/segments/new/").content.decode()

    made = english.post("/console/segments/new/", {**FORM, "is_shared": "on"})
    segment = Segment.objects.get()
    assert made["Location"] == f"/console/segments/{segment.pk}/"
    assert (segment.condition, segment.is_shared) == (CONDITION, True)
    page = english.get(f"/console/segments/{segment.pk}/").content.decode()
    assert "小花" in page
    assert ">Is a friend of a guide</li>" in page
    assert english.get(f"/console/segments/{segment.pk}/persons/").content.decode().strip() == "1"
    counted = english.post("/console/segments/builder/count/", FORM).content.decode()
    assert "1 person now" in counted

    edited = english.get(f"/console/segments/{segment.pk}/edit/").content.decode()
    assert 'hx-trigger="load, change from' in edited

    # and what is incomplete is said in words, beside what was filled in
    wrong = english.post(
        f"/console/segments/{segment.pk}/edit/",
        {**FORM, "fact-a": "tag", "op-a": "in", "value-a": ""},
    )
    assert wrong.status_code == 422
    assert "WeCom tag: choose at least one." in wrong.content.decode()
    english.post(f"/console/segments/{segment.pk}/delete/")
    assert not Segment.objects.exists()
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert [each for each in actions if each.startswith("segment")] == ["segment.create", "segment.delete"]  # fmt: skip


def test_the_list_says_which_guide_has_left(
    english: Client, hq_ops: User, guide_li: Member, guide_wang: Member
) -> None:
    # given a customer whom Wang took over from Li, whose account was deleted
    contact = ContactFactory(name="小花")
    person_of(contact)
    RelationFactory(
        member=guide_li, contact=contact, status="lost", lost_by="transfer", lost_at=NOON
    )
    RelationFactory(member=guide_wang, contact=contact)
    segment = segment_of(CONDITION, is_shared=True)
    english.login(username="hq", password=PASSWORD)
    address = f"/console/segments/{segment.pk}/"
    assert "李娜 · handed over to another member" in words(english, address)

    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.LEFT)

    shown = words(english, address)
    assert "李娜 · left" in shown
    assert "王芳 ·" not in shown


def words(client: Client, address: str) -> str:
    """Return the words of a page, without its marks."""
    return " ".join(re.sub(r"<[^>]*>", "", client.get(address).content.decode()).split())


def test_the_builder_gives_rows_for_every_fact(english: Client, hq_ops: User) -> None:
    from customers.segments.facts import KINDS

    english.login(username="hq", password=PASSWORD)
    for kind in KINDS:
        query = {"row": "a", "group": "0", "fact-a": kind.code}
        answer = english.get("/console/segments/builder/row/", query)
        assert answer.status_code == 200
        assert f'value="{kind.code}" selected' in answer.content.decode()
    between = {"row": "a", "group": "0", "fact-a": "added", "op-a": "between"}
    assert (
        'name="first-a"' in english.get("/console/segments/builder/row/", between).content.decode()
    )
    assert english.get("/console/segments/builder/group/").status_code == 200


def test_who_sees_and_changes_which_segment(
    english: Client, hq_ops: User, branch_ops: User, outsider: User, auditor: User, it_admin: User
) -> None:
    shared = segment_of(CONDITION, name="shared one", is_shared=True, created_by=hq_ops)
    secret = segment_of(CONDITION, name="secret one", created_by=hq_ops)
    own = segment_of(CONDITION, name="own one", created_by=branch_ops)

    seen = {
        "hq": (200, 200, 200), "auditor": (200, 200, 200), "branch": (200, 404, 200),
        "outsider": (200, 404, 404), "it": (403, 403, 403),
    }  # fmt: skip
    for username, expected in seen.items():
        english.login(username=username, password=PASSWORD)
        pages = tuple(english.get(f"/console/segments/{each.pk}/").status_code for each in (shared, secret, own))  # fmt: skip
        assert pages == expected, username
    for username, target, status in (
        ("auditor", shared, 403), ("branch", shared, 404), ("outsider", own, 404), ("it", own, 403),
    ):  # fmt: skip
        english.login(username=username, password=PASSWORD)
        for act in ("edit", "delete"):
            answer = english.post(
                f"/console/segments/{target.pk}/{act}/", {**FORM, "name": "taken"}
            )
            assert answer.status_code == status, (username, act)
    assert set(Segment.objects.values_list("name", flat=True)) == {"shared one", "secret one", "own one"}  # fmt: skip

    # and a branch may not share with everybody
    english.login(username="branch", password=PASSWORD)
    english.post(f"/console/segments/{own.pk}/edit/", {**FORM, "is_shared": "on"})
    own.refresh_from_db()
    assert (own.name, own.is_shared) == ("Friends", False)


def test_rules_are_headquarters_alone(
    english: Client, branch_ops: User, auditor: User, it_admin: User, guide_li: Member
) -> None:
    TagFactory(tag_id="et1")
    rule = active_rule(CONDITION, "et1")
    for username, status in (("auditor", 200), ("branch", 403), ("it", 403)):
        english.login(username=username, password=PASSWORD)
        assert english.get(f"/console/segments/rules/{rule.pk}/").status_code == status
        assert english.get("/console/segments/rules/").status_code == status
        for act in ("edit", "try", "activate", "stop", "delete"):
            assert english.post(f"/console/segments/rules/{rule.pk}/{act}/").status_code == 403
        assert english.post("/console/segments/rules/new/", FORM).status_code == 403
    english.force_login(guide_li.user)
    assert english.get("/console/segments/").status_code == 403
    rule.refresh_from_db()
    assert (rule.state, rule.version, TagRule.objects.count()) == ("active", 1, 1)
    assert JobRun.objects.count() == 0


def test_a_rule_by_its_pages(english: Client, hq_ops: User) -> None:
    TagFactory(tag_id="et1", name="Gold")
    person_of(RelationFactory(contact=ContactFactory(name="小花")).contact)
    english.login(username="hq", password=PASSWORD)

    english.post("/console/segments/rules/new/", {**FORM, "tag_ids": ["et1"], "takes_off": "on"})
    rule = TagRule.objects.get()
    url = f"/console/segments/rules/{rule.pk}/"
    assert rule.takes_off
    assert "Gold" in english.get("/console/segments/rules/").content.decode()
    english.post(f"{url}activate/")
    rule.refresh_from_db()
    assert rule.state == "draft"
    english.post(f"{url}try/")
    page = english.get(url).content.decode()
    assert "小花" in page
    assert ">1</div>" in page
    english.post(f"{url}activate/")
    rule.refresh_from_db()
    assert rule.state == "active"
    english.post(f"{url}stop/")
    rule.refresh_from_db()
    assert rule.state == "stopped"


def test_a_rule_that_is_off_is_deleted_and_its_name_is_free_again(
    english: Client, hq_ops: User
) -> None:
    # given a draft, and a second rule of its name, refused beside the name
    TagFactory(tag_id="et1", name="Gold")
    english.login(username="hq", password=PASSWORD)
    form = {**FORM, "tag_ids": ["et1"]}
    english.post("/console/segments/rules/new/", form)
    rule = TagRule.objects.get()
    second = english.post("/console/segments/rules/new/", {**form, "name": rule.name.upper()})
    assert (second.status_code, TagRule.objects.count()) == (422, 1)
    assert "There is a rule of that name already" in second.context["form"].errors["name"][0]
    # and it may keep its own name when it is changed
    assert english.post(f"/console/segments/rules/{rule.pk}/edit/", form).status_code == 302

    # when it is deleted
    page = english.get(f"/console/segments/rules/{rule.pk}/").content.decode()
    assert "Delete this rule? The tags it put stay." in page
    gone = english.post(f"/console/segments/rules/{rule.pk}/delete/", follow=True)

    # then it is gone, which is audited, and another may be called so
    assert "The tags it put stay" in gone.content.decode()
    assert TagRule.objects.count() == 0
    entry = AuditEntry.objects.get(action="tag_rule.delete")
    assert (entry.target, entry.before["name"]) == (f"tag_rule:{rule.pk}", rule.name)
    assert english.post("/console/segments/rules/new/", form).status_code == 302


def test_a_rule_that_is_on_is_not_deleted(english: Client, hq_ops: User) -> None:
    TagFactory(tag_id="et1")
    rule = active_rule(CONDITION, "et1")
    english.login(username="hq", password=PASSWORD)
    url = f"/console/segments/rules/{rule.pk}/"

    assert "Delete this rule?" not in english.get(url).content.decode()
    page = english.post(f"{url}delete/", follow=True).content.decode()

    assert "Switch it off first" in page
    assert TagRule.objects.filter(pk=rule.pk).exists()
    assert not AuditEntry.objects.filter(action="tag_rule.delete").exists()


def test_who_left_deletes_no_rule(english: Client, hq_ops: User) -> None:
    TagFactory(tag_id="et1")
    rule = active_rule(CONDITION, "et1", state="draft")
    english.login(username="hq", password=PASSWORD)
    User.objects.filter(pk=hq_ops.pk).update(is_active=False)

    english.post(f"/console/segments/rules/{rule.pk}/delete/")

    assert TagRule.objects.count() == 1


def test_pages_take_a_constant_number_of_queries(
    english: Client, hq_ops: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        relation = RelationFactory(contact=ContactFactory(name=f"c{number}"))
        person_of(relation.contact)
    segment = segment_of(CONDITION, created_by=hq_ops)
    english.login(username="hq", password=PASSWORD)

    with django_assert_max_num_queries(30):
        english.get(f"/console/segments/{segment.pk}/")
    with django_assert_max_num_queries(20):
        english.get("/console/segments/")


def test_an_audience_file_by_its_page(
    english: Client, hq_ops: User, django_capture_on_commit_callbacks: Any
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    english.login(username="hq", password=PASSWORD)
    assert english.get("/console/segments/import/template/").content[:2] == b"PK"
    file = SimpleUploadedFile("a.csv", b"member_no\nM404\n")
    with django_capture_on_commit_callbacks(execute=True):
        answer = english.post("/console/segments/import/", {"name": "CDP", "file": file})
    assert answer.status_code == 302
    job = JobRun.objects.get(kind="segments.audience")
    assert job.failed == 1
    # and its job leads to the audience, whoever may not see segments nowhere
    address = f"/console/segments/{Segment.objects.get().pk}/"
    assert f'href="{address}"' in english.get(f"/console/jobs/{job.pk}/").content.decode()
    assert page_of(EMPTY_SCOPE, job) == ""
    # and no other of its name is made, neither from a file nor by condition
    file.seek(0)
    taken = english.post("/console/segments/import/", {"name": " cdp ", "file": file})
    by_condition = english.post("/console/segments/new/", {**FORM, "name": "CDP"})
    for refused in (taken, by_condition):
        assert refused.status_code == 422
        assert refused.context["form"].errors["name"] == [
            "There is a segment of this name already. Choose another."
        ]
    assert Segment.objects.count() == 1
    bad = SimpleUploadedFile("a.csv", b"colour\nred\n")
    assert english.post("/console/segments/import/", {"name": "x", "file": bad}).status_code == 422
    assert Segment.objects.count() == 1
