"""Bulk tagging: through the outbox to WeCom, counted, refusals handed back."""

import io
from typing import Any

import pytest
from django.utils import timezone

from customers.relations.models import FollowRelation
from customers.segments.senders import MARK_SENDER
from customers.tags.marking import run_marking
from customers.tags.models import TagWish
from customers.tags.services import tags_mark
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, MemberFactory, RelationFactory, TagFactory

pytestmark = pytest.mark.django_db


def deliver() -> None:
    """Send what waits in the outbox as the worker would."""
    for message in OutboxMessage.objects.filter(kind="tags.mark", status="pending"):
        assert MARK_SENDER.settle is not None
        MARK_SENDER.settle(message.payload, MARK_SENDER.send(message.payload))
        OutboxMessage.objects.filter(pk=message.pk).update(status="sent")


def test_tags_reach_wecom_and_the_mirror(wecom_sandbox_world: Any) -> None:
    # given a customer of a guide, in WeCom and here
    world = wecom_sandbox_world
    guide = "li"
    wecom("contacts").user.create(guide, "李娜", [1], mobile="13800000001")
    world.control.post("activate", {"userids": [guide]})
    person = world.control.get("people", limit=1)[0]
    way = wecom().contact_way.add([guide], state="s")
    wm = world.control.post("scan", {"config_id": way.config_id, "person_id": person["id"]})["external_userid"]  # fmt: skip
    relation = RelationFactory(
        member=MemberFactory(userid=guide), contact=ContactFactory(external_userid=wm)
    )
    tag, other = wecom().corp_tag.add(["A", "B"], group_name="G").tags
    for each in (tag, other):
        TagFactory(tag_id=each.tag_id, name=each.name)

    # when
    job = tags_mark([(wm, guide)], [tag.tag_id, other.tag_id], [], UserFactory())
    run_marking(job.pk)
    job.refresh_from_db()
    assert (job.state, job.total) == ("waiting", 1)
    deliver()
    JobRun.objects.update(state="queued")
    run_marking(job.pk)

    # then
    job.refresh_from_db()
    assert (job.state, job.succeeded, job.failed) == ("done", 1, 0)
    follow = wecom().external_contact.get(wm).follow_users[0]
    relation.refresh_from_db()
    assert set(follow.tag_ids) == set(relation.tag_ids) == {tag.tag_id, other.tag_id}
    assert not TagWish.objects.exists()

    # and off again
    job = tags_mark([(wm, guide)], [], [tag.tag_id], UserFactory())
    run_marking(job.pk)
    deliver()
    relation.refresh_from_db()
    assert relation.tag_ids == [other.tag_id]
    assert wecom().external_contact.get(wm).follow_users[0].tag_ids == (other.tag_id,)


def test_what_wecom_refuses_is_counted_and_given_back() -> None:
    TagFactory(tag_id="et1")
    actor = UserFactory()
    job = tags_mark([("wm1", "li"), ("wm2", "li")], ["et1"], [], actor, reason="autumn")
    run_marking(job.pk)
    first, second = OutboxMessage.objects.order_by("pk")
    OutboxMessage.objects.filter(pk=first.pk).update(status="sent")
    OutboxMessage.objects.filter(pk=second.pk).update(status="failed", error="no relation")
    JobRun.objects.update(state="queued")

    run_marking(job.pk)

    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded, job.failed) == ("done", 2, 1, 1)
    (row,) = read_table(io.BytesIO(job.error_file), filename="x.xlsx").rows
    assert list(row.values.values()) == ["wm2", "li", "no relation"]
    entry = AuditEntry.objects.get(action="tags.mark")
    assert (entry.actor, entry.after["count"], entry.reason) == (actor, 2, "autumn")


def test_a_killed_job_asks_nobody_twice() -> None:
    TagFactory(tag_id="et1")
    job = tags_mark([("wm1", "li")], ["et1"], [], UserFactory())
    run_marking(job.pk)
    JobRun.objects.update(state="queued", cursor=None)

    run_marking(job.pk)

    assert OutboxMessage.objects.count() == 1


@pytest.mark.parametrize(
    ("pairs", "add", "remove", "code"),
    [
        ([("wm1", "li")], [], [], "no_tag"),
        ([("wm1", "li")], ["et1"], ["et1"], "tag_twice"),
        ([("wm1", "li")], ["et_gone"], [], "tag_deleted"),
        ([("wm1", "li")], [], ["st_personal"], "tag_deleted"),
        ([], ["et1"], [], "nobody_to_tag"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left(
    pairs: Any, add: Any, remove: Any, code: str
) -> None:
    TagFactory(tag_id="et1")
    TagFactory(tag_id="et_gone", deleted_at=timezone.now())

    with pytest.raises(ValidationFailed) as refused:
        tags_mark(pairs, add, remove, UserFactory())

    assert refused.value.code == code
    assert (JobRun.objects.count(), TagWish.objects.count()) == (0, 0)
    assert FollowRelation.objects.count() == 0
