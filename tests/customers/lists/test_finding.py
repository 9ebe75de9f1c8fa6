"""Search: what each text finds, for whom, and that it never breaks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.directory.models import Member
from customers.lists.finding import first_hits, narrow, wanted
from customers.oneid.services import reconcile_pending
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import contacts_visible_to
from scrm.accounts.models import User
from scrm.core.crypto import blind_index
from scrm.core.scope import Scope, scope_of
from tests.factories.customers import (
    ContactFactory,
    CrmMemberFactory,
    MemberFactory,
    RelationFactory,
    at,
)

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"
Write = Callable[[], None]


def found(scope: Scope, text: str) -> list[str]:
    """Return the names the list finds; the box must find the same."""
    asked = wanted(text)
    names = sorted(contact.name for contact in narrow(scope, contacts_visible_to(scope), asked))
    assert sorted(contact.name for contact in first_hits(scope, asked, 50)) == names, text
    return names


def user_of(member: Member) -> Scope:
    """Return a guide's scope."""
    assert member.user is not None
    return scope_of(member.user)


@pytest.fixture
def customer(guide_li: Member, indexed: Write) -> ExternalContact:
    """Return 张三丰 with all a customer can be found by, and somebody else."""
    contact = ContactFactory(
        name="张三丰",
        unionid="oUnion1",
        external_userid="wmZhang",
        phone=PHONE,
        phone_index=blind_index("phone", PHONE),
    )
    RelationFactory(
        member=guide_li,
        contact=contact,
        remark="王总 朝阳店",
        remark_phones=["13900139111"],
        remark_phone_indexes=[blind_index("phone", "+8613900139111")],
    )
    CrmMemberFactory(member_no="M-77", unionid="oUnion1", phone="+8613700137222")
    RelationFactory(member=guide_li, contact=ContactFactory(name="李四"))
    while reconcile_pending():
        pass
    indexed()
    return contact


@pytest.mark.parametrize(
    "text",
    [
        "张三", "三", "ｚｈａｎｇ ＳＡＮ", "zsf", "sanfeng", "王总", "朝阳", "wangzong", " 张三 ",
        "13800138000", "+86 138-0013-8000", "１３８００１３８０００", "8000", "13900139111", "9111",
        "13700137222", "7222", "M-77", "m-77", "wmZhang", "oUnion1",
    ],
)  # fmt: skip
def test_everything_that_names_a_customer_finds_them(
    customer: ExternalContact, hq_ops: User, guide_li: Member, text: str
) -> None:
    assert found(scope_of(hq_ops), text) == ["张三丰"]
    assert found(user_of(guide_li), text) == ["张三丰"]


@pytest.mark.parametrize("text", ["", "  ", "三张", "王", "8001", "13800138001", "M-7", "\u200b"])
def test_other_texts_find_nobody(customer: ExternalContact, hq_ops: User, text: str) -> None:
    assert found(scope_of(hq_ops), text) == []


@pytest.mark.parametrize("few", [30, 0], ids=["few members", "many members"])
def test_nobody_finds_whom_they_may_not_see(
    few: int,
    customer: ExternalContact,
    branch_ops: User,
    outsider: User,
    guide_wang: Member,
    guide_li: Member,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given both ways to narrow to a scope, and a customer Li lost: hers no more, still her branch's
    monkeypatch.setattr("customers.lists.finding.MEMBERS_INSIDE", few)
    for text in (
        "张三",
        "zsf",
        "sanfeng",
        "zhangs",
        "王总",
        "13800138000",
        "9111",
        "wmZhang",
        "oUnion1",
    ):
        assert found(scope_of(branch_ops), text) == ["张三丰"], text
        assert found(scope_of(outsider), text) == [], text
        assert found(user_of(guide_wang), text) == [], text

    # when
    FollowRelation.objects.filter(contact=customer).update(status="lost", lost_at=at(9))

    # then
    for text in ("张三", "zsf", "sanfeng", "zhangs", "王总", "9111", "13900139111"):
        assert found(scope_of(branch_ops), text) == ["张三丰"], text
        assert found(user_of(guide_li), text) == [], text


@pytest.mark.parametrize("few", [30, -1], ids=["few members", "many members"])
def test_an_ex_employee_finds_nobody(
    few: int, customer: ExternalContact, guide_li: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.lists.finding.MEMBERS_INSIDE", few)
    user = guide_li.user
    assert user is not None
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()

    for text in ("张三", "zsf", "王总", "8000", "13800138000"):
        assert found(scope_of(user), text) == [], text


def test_a_scope_of_very_many_finds_by_later_syllables_where_few_begin_so(
    branch_ops: User, guide_li: Member, indexed: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two whose name begins so, and one in whose name it comes later
    monkeypatch.setattr("customers.lists.finding.MEMBERS_INSIDE", 0)
    for name in ("张三", "章珊", "李张三", "李四"):
        RelationFactory(member=guide_li, contact=ContactFactory(name=name))
    indexed()

    # when, then
    assert found(scope_of(branch_ops), "zs") == ["张三", "李张三", "章珊"]

    # and with more who begin so than candidates are looked at, the box stops there
    monkeypatch.setattr("customers.lists.finding.CANDIDATES", 2)
    hits = first_hits(scope_of(branch_ops), wanted("zs"), 6)
    assert sorted(contact.name for contact in hits) == ["张三", "章珊"]


def test_a_way_that_was_cut_off_is_the_last_one_asked(
    branch_ops: User,
    guide_li: Member,
    guide_wang: Member,
    indexed: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given one customer of two guides who alone fills what is looked at, and one found by a later syllable
    monkeypatch.setattr("customers.lists.finding.MEMBERS_INSIDE", 0)
    monkeypatch.setattr("customers.lists.finding.CANDIDATES", 2)
    shared = ContactFactory(name="张三")
    for member in (guide_li, guide_wang):
        RelationFactory(member=member, contact=shared)
    RelationFactory(member=guide_li, contact=ContactFactory(name="李张三"))
    indexed()
    scope = scope_of(branch_ops)

    # when one is wanted, then the wider way is not asked for
    with CaptureQueriesContext(connection) as asked:
        hits = first_hits(scope, wanted("zs"), 1)
    assert [contact.name for contact in hits] == ["张三"]
    assert not [query for query in asked.captured_queries if "~zs" in query["sql"]]

    # but it is while fewer are found than are shown
    names = [contact.name for contact in first_hits(scope, wanted("zs"), 6)]
    assert sorted(names) == ["张三", "李张三"]


def test_a_colleagues_remark_finds_nobody(
    customer: ExternalContact,
    guide_wang: Member,
    guide_li: Member,
    branch_ops: User,
    indexed: Write,
) -> None:
    """The customer is Wang's too, but what Li and a guide elsewhere wrote of her is theirs."""
    RelationFactory(member=guide_wang, contact=customer, remark="小张")
    RelationFactory(
        member=MemberFactory(), contact=customer, remark="欠款", remark_phones=["13600136333"]
    )
    indexed()

    assert found(user_of(guide_wang), "小张") == ["张三丰"]
    for text in ("王总", "wangzong", "9111", "欠款", "6333"):
        assert found(user_of(guide_wang), text) == [], text
    assert found(scope_of(branch_ops), "王总") == ["张三丰"]
    assert found(scope_of(branch_ops), "欠款") == []


def test_who_may_not_read_remarks_does_not_find_by_them(
    customer: ExternalContact, auditor: User
) -> None:
    assert found(scope_of(auditor), "张三") == ["张三丰"]
    assert found(scope_of(auditor), "王总") == []


def hostile() -> list[str]:
    """Return 500 texts as nobody types them."""
    seeds = [
        "'", '"', "\\", "%", "_", "%%%", "\\\\%", "' OR 1=1 --", '"; DROP TABLE x;', "$$", "{}", "{a,b}", "{NULL}",
        "[]", "()", "NULL", "\x00", "a\x00b", "\u202eabc", "مرحبا", "שלום", "👩‍👩‍👧", "🀄", "\ufeff", "\u200d", "\ud800",
        "￿", "\n\t", "../../etc", "<script>", "=1+1", "@SUM", "#", "~zs", "@@1", "##", "0", "-1", "1e309", "𠮷野", "ﷺ",
        "ﬃ", "İ", "ß", "ǅ", "é", "e\u0301", "*", "?", "!", ":*", "&", "|", "a & b", "::text", "%s", "%(x)s", "{0}", "１２３４",
        "٤٥٦٧", "८०००", "0000", "9" * 40, "+" * 20, "+86", "0086", "86", "1380013800", "Ⅷ", "½", "²²²²",
    ]  # fmt: skip
    texts = [*seeds, *(seed * 300 for seed in seeds), *(f"张{seed}三" for seed in seeds)]
    texts += [f"{one}{other}" for one in seeds[:25] for other in seeds[20:40]]
    return [*texts[:499], "长" * 10_000]


def test_hostile_texts_break_nothing(
    customer: ExternalContact, hq_ops: User, guide_li: Member
) -> None:
    texts, scope, own = hostile(), scope_of(hq_ops), user_of(guide_li)
    assert len(texts) == 500

    for number, text in enumerate(texts):
        everybody = contacts_visible_to(scope)
        names = {contact.name for contact in narrow(scope, everybody, wanted(text))}
        if number % 10 == 0:
            names |= {contact.name for contact in first_hits(own, wanted(text), 6)}
        assert names <= {"张三丰"}, text


def queries_of(scope: Scope, text: str) -> int:
    """Return how many queries the box needs."""
    with CaptureQueriesContext(connection) as queries:
        first_hits(scope, wanted(text), 6)
    return len(queries)


def test_queries_do_not_grow(
    hq_ops: User, branch_ops: User, guide_li: Member, indexed: Write
) -> None:
    def cost() -> list[int]:
        scopes: list[Any] = [scope_of(hq_ops), scope_of(branch_ops), user_of(guide_li)]
        return [queries_of(scope, text) for scope in scopes for text in ("张三", "zs", "8000", "13800138000")]  # fmt: skip

    RelationFactory(member=guide_li, contact=ContactFactory(name="张三"))
    indexed()
    few = cost()
    for number in range(30):
        RelationFactory(member=guide_li, contact=ContactFactory(name=f"张三{number}"))
    indexed()

    assert cost() == few
    assert max(few) <= 8
