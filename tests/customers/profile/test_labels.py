"""What the company and guides say of a customer, and what they do in groups: local tags, own tags, groups, points."""

import pytest
from django.test import Client
from django.utils import timezone

from contacts.directory.models import Member
from customers.oneid.services import reconcile_pending
from customers.profile.labels import OwnTags
from customers.profile.selectors import profile_for
from customers.relations.models import ExternalContact
from customers.tags.local import local_mark, personal_observed
from customers.tags.models import LocalTag, LocalTagMark
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.groups import GroupFactory, StayFactory, rich

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def customer(guide_li: Member, guide_wang: Member) -> ExternalContact:
    """A member whom two guides follow."""
    contact = ContactFactory(external_userid="wm1", name="林小姐", unionid="ou1")
    for guide in (guide_li, guide_wang):
        RelationFactory(member=guide, contact=contact)
    CrmMemberFactory(unionid="ou1", member_no="M1", store_code="S1")
    while reconcile_pending() is not None:
        pass
    return contact


def login(client: Client, username: str) -> None:
    """Log in as one of the cast, in English."""
    client.cookies["django_language"] = "en"
    assert client.login(username=username, password=PASSWORD)


def test_local_tags_of_all_records_and_own_tags_of_guides_in_scope_are_shown(
    client: Client, customer: ExternalContact, guide_li: Member, hq_ops: User
) -> None:
    # given a local tag on the member, one on the customer that was deleted, and tags of both guides
    regular, gone = (LocalTag.objects.create(name=name) for name in ("常客", "旧标签"))
    member_id = profile_for(SYSTEM_SCOPE, customer).records.member_ids[0]
    local_mark(regular, [member_id, customer.pk], actor=None)
    local_mark(gone, [customer.pk], actor=None)
    LocalTag.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    personal_observed("wm1", {"GUIDE_LI": ["爱聊天"], "guide_wang": ["难说"]}, timezone.now())

    # when
    everything = profile_for(SYSTEM_SCOPE, customer)
    hers = profile_for(scope_of(guide_li.user), customer)

    # then each is there once, and a guide reads her own only
    assert [tag.name for tag in everything.local_tags] == ["常客"]
    assert set(everything.own_tags) == {OwnTags("李娜", ("爱聊天",)), OwnTags("王芳", ("难说",))}
    assert [tag.name for tag in hers.local_tags] == ["常客"]
    assert hers.own_tags == (OwnTags("李娜", ("爱聊天",)),)
    login(client, "hq")
    page = client.get(f"/console/customers/{customer.pk}/", {"tab": "relations"}).content.decode()
    assert ("常客" in page, "李娜 noted for herself: 爱聊天" in page) == (True, True)
    client.force_login(guide_li.user, backend=BACKEND)
    phone = client.get(f"/h5/customers/{customer.pk}/", {"tab": "details"}).content.decode()
    assert ("常客" in phone, "爱聊天" in phone, "难说" in phone) == (True, True, False)


def test_local_tags_are_put_on_and_taken_off_on_the_profile(
    client: Client, customer: ExternalContact, hq_ops: User
) -> None:
    old, new = (LocalTag.objects.create(name=name) for name in ("old", "new"))
    member_id = profile_for(SYSTEM_SCOPE, customer).records.member_ids[0]
    local_mark(old, [customer.pk, member_id], actor=None)
    login(client, "hq")
    url = f"/console/customers/{customer.pk}/local-tags/"

    # when another is chosen instead
    answer = client.post(url, {"tags": [str(new.pk)]})

    # then the old one is off every record, and both acts are written down
    assert answer["Location"] == f"/console/customers/{customer.pk}/?tab=relations"
    living = LocalTagMark.objects.filter(removed_at=None)
    assert list(living.values_list("tag_id", "record_id")) == [(new.pk, customer.pk)]
    acts = AuditEntry.objects.filter(action__startswith="tags.local_", actor=hq_ops)
    assert set(acts.values_list("action", flat=True)) == {"tags.local_mark", "tags.local_unmark"}
    # and a tag there is not changes nothing
    assert client.post(url, {"tags": ["999"]}).status_code == 422
    assert living.count() == 1


def test_who_may_not_tag_or_does_not_see_the_customer_changes_no_local_tag(
    client: Client, customer: ExternalContact, auditor: User, outsider: User
) -> None:
    tag = LocalTag.objects.create(name="new")

    statuses = []
    for username in ("auditor", "outsider"):
        login(client, username)
        url = f"/console/customers/{customer.pk}/local-tags/"
        statuses.append(client.post(url, {"tags": [str(tag.pk)]}).status_code)

    assert statuses == [403, 404]
    assert not LocalTagMark.objects.exists()


def test_groups_and_their_points_are_shown_as_far_as_one_sees_them(
    client: Client, customer: ExternalContact, guide_li: Member, guide_wang: Member, hq_ops: User
) -> None:
    # given a group of Li with the customer in it, who has points there
    group = GroupFactory(owner=guide_li, name="人民路会员群")
    StayFactory(group=group, userid="wm1", unionid="ou1", contact=customer)
    left = GroupFactory(owner=guide_li, name="旧群")
    StayFactory(group=left, userid="wm1", unionid="ou1", left_at=timezone.now())
    rich("ou1", 35)

    def seen(user: User | None) -> tuple[list[str], int | None]:
        found = profile_for(scope_of(user), customer, None, ("groups", "points"))
        points = found.group_points
        return [each.name for each in found.groups], points and points.balance

    # then who sees the group sees both, who does not sees neither
    assert seen(hq_ops) == (["人民路会员群"], 35)
    assert seen(guide_li.user) == (["人民路会员群"], 35)
    assert seen(guide_wang.user) == ([], None)
    login(client, "hq")
    pages = [
        client.get(f"/console/customers/{customer.pk}/", {"tab": tab}).content.decode()
        for tab in ("relations", "assets")
    ]
    assert "人民路会员群" in pages[0]
    assert "旧群" not in pages[0]
    assert "Points of groups" in pages[1]
    client.force_login(guide_li.user, backend=BACKEND)
    phone = client.get(f"/h5/customers/{customer.pk}/", {"tab": "details"}).content.decode()
    assert "人民路会员群" in phone


def test_one_customer_is_one_opening_however_many_tabs_are_turned(
    client: Client, customer: ExternalContact, guide_li: Member, hq_ops: User, settings
) -> None:
    settings.CUSTOMERS_OPENED_PER_HOUR = 2
    others = [RelationFactory(member=guide_li, contact=ContactFactory()).contact for _n in range(2)]
    login(client, "hq")

    def status(contact: ExternalContact, tab: str = "timeline") -> int:
        return client.get(f"/console/customers/{contact.pk}/", {"tab": tab}).status_code

    # when tabs of one customer are turned, then others opened
    turned = [status(customer, tab) for tab in ("timeline", "orders", "assets", "relations")]
    opened = [status(contact) for contact in (*others, others[1], customer)]

    # then the third customer is refused, and stays so, and those opened stay open
    assert turned == [200] * 4
    assert opened == [200, 429, 429, 200]
    assert Alert.objects.get(kind="profile.opened").count == 2
