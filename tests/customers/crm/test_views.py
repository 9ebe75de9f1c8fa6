"""The member pages: who sees whom, search by blind index, constant queries, import in three steps."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from contacts.directory.models import Member
from customers.crm.models import CrmMember, MemberImport
from customers.crm.selectors import members_visible_to
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from scrm.core.scope import EMPTY_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db


def login(client: Client, username: str) -> None:
    """Log in as one of the cast."""
    assert client.login(username=username, password=PASSWORD)


def test_every_scope_sees_its_own_members(
    hq_ops: User, branch_ops: User, outsider: User, guide_li: Member, guide_wang: Member
) -> None:
    # given members of stores in two branches, and two customers of one guide
    east = CrmMemberFactory(store_code="S1")
    south = CrmMemberFactory(store_code="S3")
    nowhere = CrmMemberFactory()
    by_union = CrmMemberFactory(unionid="ou1")
    by_id = CrmMemberFactory(external_userid="wm-li")
    RelationFactory(member=guide_li, contact=ContactFactory(unionid="ou1"))
    RelationFactory(member=guide_li, contact=ContactFactory(external_userid="wm-li"))

    def seen(user: User | None) -> set[str]:
        assert user is not None
        return set(members_visible_to(scope_of(user)).values_list("member_no", flat=True))

    # then
    everybody = {each.member_no for each in (east, south, nowhere, by_union, by_id)}
    assert seen(hq_ops) == everybody
    assert seen(branch_ops) == {east.member_no}
    assert seen(outsider) == {south.member_no}
    assert seen(guide_li.user) == {by_union.member_no, by_id.member_no}
    assert seen(guide_wang.user) == set()
    assert members_visible_to(EMPTY_SCOPE).count() == 0


def test_an_ex_employee_sees_nobody(guide_li: Member) -> None:
    CrmMemberFactory(unionid="ou1")
    RelationFactory(member=guide_li, contact=ContactFactory(unionid="ou1"))
    user = guide_li.user
    assert user is not None
    user.is_active = False
    user.save()

    assert members_visible_to(scope_of(user)).count() == 0


def test_the_list_masks_phones_and_finds_by_full_phone_or_number(
    client: Client, hq_ops: User
) -> None:
    CrmMemberFactory(member_no="M1", name="张三", phone="+8613800138000")
    CrmMemberFactory(member_no="M2", name="李四", phone="+8613900139000")
    login(client, "hq")

    page = client.get("/console/members/").content.decode()
    assert "138****8000" in page
    assert "13800138000" not in page
    by_phone, by_number, by_part = (
        client.post("/console/members/", {"q": text}, follow=True).content.decode()
        for text in ("138 0013 8000", "M2", "0013800")
    )

    assert ("张三" in by_phone, "李四" in by_phone) == (True, False)
    assert ("张三" in by_number, "李四" in by_number) == (False, True)
    assert "张三" not in by_part


def test_queries_do_not_grow_with_the_list(
    client: Client, hq_ops: User, django_assert_max_num_queries: object
) -> None:
    login(client, "hq")

    def cost() -> int:
        with django_assert_max_num_queries(100) as queries:  # type: ignore[operator]
            assert client.get("/console/members/", {"size": "100"}).status_code == 200
        return len(queries)

    CrmMemberFactory.create_batch(2)
    few = cost()
    CrmMemberFactory.create_batch(60)
    assert cost() == few


FILE = "会员号,姓名,手机\nM1,张三,13800138000\nM2,李四,12\n".encode("gb18030")


def upload(client: Client, content: bytes = FILE, name: str = "members.csv") -> object:
    """Send a file in."""
    return client.post("/console/members/import/", {"file": SimpleUploadedFile(name, content)})


def test_a_file_goes_in_by_upload_preview_and_start(
    client: Client, hq_ops: User, django_capture_on_commit_callbacks: object
) -> None:
    login(client, "hq")

    # when it is uploaded
    answer = upload(client)
    entry = MemberImport.objects.get()
    assert answer["Location"] == f"/console/members/import/{entry.pk}/"  # type: ignore[index]

    # then its preview shows the error beside the cell, and nothing is stored yet
    page = client.get(f"/console/members/import/{entry.pk}/").content.decode()
    assert "张三" in page
    assert page.count('class="field-error"') == 1
    assert CrmMember.objects.count() == 0

    # and when it is started
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        started = client.post(f"/console/members/import/{entry.pk}/start/")
    job = JobRun.objects.get()
    assert started["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.state, job.succeeded, job.failed) == ("done", 1, 1)
    assert [each.name for each in CrmMember.objects.all()] == ["张三"]

    # and a second click does not import twice
    assert (
        client.post(f"/console/members/import/{entry.pk}/start/")["Location"]
        == f"/console/jobs/{job.pk}/"
    )
    assert JobRun.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("members.csv", "姓名,手机\n张三,1\n".encode()),
        ("members.xlsx", b"not a workbook"),
        ("members.exe", b"MZ"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(
    client: Client, hq_ops: User, name: str, content: bytes
) -> None:
    login(client, "hq")

    answer = upload(client, content, name)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert 'class="field-error"' in answer.content.decode()  # type: ignore[attr-defined]
    assert MemberImport.objects.count() == 0


def test_a_branch_may_look_and_not_import(client: Client, branch_ops: User) -> None:
    login(client, "branch")

    assert client.get("/console/members/").status_code == 200
    assert upload(client).status_code == 403  # type: ignore[attr-defined]
    assert client.get("/console/members/import/").status_code == 403
    assert MemberImport.objects.count() == 0


def test_it_sees_no_members(client: Client, it_admin: User) -> None:
    login(client, "it")

    assert client.get("/console/members/").status_code == 403


def test_the_template_has_the_chinese_headers(client: Client, hq_ops: User) -> None:
    login(client, "hq")

    answer = client.get("/console/members/import/template/")

    assert answer.status_code == 200
    assert answer.content[:2] == b"PK"
