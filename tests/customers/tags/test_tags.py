"""Corp tags: mirrored, made, changed by events, shown."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from customers.tags import handlers, services
from customers.tags.models import Tag, TagGroup
from customers.tags.selectors import groups_with_tags, tags_all
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ValidationFailed
from scrm.core.jobs.models import JobRun
from scrm.inbox.handling import Event
from scrm.wecom.errors import WeComPermanent
from scrm.wecom.types import CorpTag, CorpTagGroup, CorpTags
from tests.cast import PASSWORD
from tests.factories.accounts import UserFactory
from tests.factories.customers import RelationFactory, TagFactory, TagGroupFactory, at

pytestmark = pytest.mark.django_db


def group(
    group_id: str, *tags: CorpTag, name: str = "", order: int = 0, deleted: bool = False
) -> CorpTagGroup:
    """Return a group as read."""
    return CorpTagGroup(group_id, name or f"name of {group_id}", order, deleted, None, tags)


def tag(tag_id: str, *, name: str = "", order: int = 0, deleted: bool = False) -> CorpTag:
    """Return a tag as read."""
    return CorpTag(tag_id, name or f"name of {tag_id}", order, deleted, None)


def living() -> dict[str, list[str]]:
    """Return living tag ids by group id, in the order shown."""
    return {each.group_id: [row.tag_id for row in each.living_tags] for each in groups_with_tags()}


def test_a_complete_read_makes_the_mirror_equal() -> None:
    # given
    services.tags_observed(
        CorpTags((group("g1", tag("t1"), tag("t2")), group("g2", tag("t3"))), at(10))
    )

    # when a group and a tag are gone, a tag is new and the order changed
    counts = services.tags_observed(
        CorpTags((group("g1", tag("t2", order=1), tag("t4", order=5), name="new name"),), at(20))
    )

    # then
    assert (counts.groups, counts.tags, counts.removed) == (1, 2, 2)
    assert living() == {"g1": ["t4", "t2"]}
    assert TagGroup.objects.get(group_id="g1").name == "new name"
    assert Tag.objects.get(tag_id="t1").deleted_at == at(20)
    assert TagGroup.objects.get(group_id="g2").deleted_at == at(20)


def test_an_older_complete_read_changes_nothing() -> None:
    services.tags_observed(CorpTags((group("g1", tag("t1"), name="new"),), at(20)))

    services.tags_observed(
        CorpTags((group("g1", tag("t2"), name="old"), group("g0", deleted=True)), at(10))
    )

    assert TagGroup.objects.get(group_id="g1").name == "new"
    assert Tag.objects.get(tag_id="t1").deleted_at is None


def test_a_deleted_tag_that_comes_back_lives_again() -> None:
    services.tags_observed(CorpTags((group("g1", tag("t1")),), at(10)))
    services.tags_observed(CorpTags((), at(20)))
    assert living() == {}

    services.tags_observed(CorpTags((group("g1", tag("t1")),), at(30)))

    assert living() == {"g1": ["t1"]}


def event(change_type: str, **fields: str) -> Event:
    """Return a tag event."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return Event(1, "scrm", "change_external_tag", change_type, now, now, fields)


def test_events_change_only_what_they_name() -> None:
    # given
    services.tags_observed(
        CorpTags((group("g1", tag("t1"), tag("t2")), group("g2", tag("t3"))), at(10))
    )

    # when a tag is renamed, one is deleted, a group is deleted
    handlers.apply_tags(
        event("update", Id="t1", TagType="tag"),
        CorpTags((group("g1", tag("t1", name="renamed")),), at(20)),
    )
    handlers.apply_tags(event("delete", Id="t2", TagType="tag"), CorpTags((), at(21)))
    handlers.apply_tags(event("delete", Id="g2", TagType="tag_group"), CorpTags((), at(22)))

    # then
    assert living() == {"g1": ["t1"]}
    assert Tag.objects.get(tag_id="t1").name == "renamed"
    assert Tag.objects.get(tag_id="t3").deleted_at == at(22)


class Refusing:
    """A gateway to which WeCom answers one code for every read of tags."""

    def __init__(self, errcode: int) -> None:
        self.corp_tag, self.errcode = self, errcode

    def list(self, **_ids: Any) -> CorpTags:
        """Refuse."""
        raise WeComPermanent(self.errcode, "invalid tagid", "get_corp_tag_list")


def test_a_tag_wecom_knows_no_more_is_gone_and_other_errors_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.tags_observed(CorpTags((group("g1", tag("t1"), tag("t2")),), at(10)))
    told = event("delete", Id="t2", TagType="tag")

    monkeypatch.setattr(handlers, "wecom", lambda: Refusing(48002))
    with pytest.raises(WeComPermanent):
        handlers.read_tags(told)
    assert living() == {"g1": ["t1", "t2"]}

    monkeypatch.setattr(handlers, "wecom", lambda: Refusing(40068))
    handlers.apply_tags(told, handlers.read_tags(told))
    assert living() == {"g1": ["t1"]}


def test_the_deleted_flag_counts_as_gone() -> None:
    services.tags_observed(CorpTags((group("g1", tag("t1"), tag("t2")),), at(10)))

    handlers.apply_tags(
        event("delete", Id="t2", TagType="tag"),
        CorpTags((group("g1", tag("t2", deleted=True)),), at(20)),
    )

    assert living() == {"g1": ["t1"]}


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_tags_are_made_in_wecom_and_mirrored() -> None:
    # given
    actor = UserFactory()

    # when
    made = services.tag_create("Interests", ["Shoes", " Bags ", "Shoes"], actor)

    # then
    assert sorted(each.name for each in made) == ["Bags", "Shoes"]
    assert AuditEntry.objects.get(action="tags.create").actor == actor
    before = living()
    services.tags_sync()
    assert living() | before == living()
    assert {each.name for each in tags_all()} >= {"Bags", "Shoes"}

    # and the same names again make no second tag
    again = services.tag_create("Interests", ["Shoes", "Hats"], actor)
    assert {each.tag_id for each in made if each.name == "Shoes"} <= {each.tag_id for each in again}
    assert Tag.objects.filter(name="Shoes").count() == 1


@pytest.mark.parametrize("names", [[], ["x" * 31], ["  "], [str(number) for number in range(101)]])
def test_bad_names_are_refused_before_wecom_hears_of_them(names: list[str]) -> None:
    with pytest.raises(ValidationFailed):
        services.tag_create("Interests", names, UserFactory())

    assert TagGroup.objects.count() == 0


def test_the_page_shows_groups_and_asks_for_counts(client: Client, hq_ops: User) -> None:
    # given
    shoes = TagFactory(group=TagGroupFactory(name="Interests"), name="Shoes")
    TagFactory(group=shoes.group, name="Gone", deleted_at=at(1))
    RelationFactory(tag_ids=[shoes.tag_id])
    RelationFactory(tag_ids=[shoes.tag_id])
    RelationFactory(tag_ids=[shoes.tag_id], status="lost", lost_at=at(5))
    client.login(username="hq", password=PASSWORD)

    # when
    page = client.get("/console/tags/").content.decode()
    counts = client.get("/console/customers/tag-counts/").content.decode()

    # then
    assert "Interests" in page
    assert "Shoes" in page
    assert "Gone" not in page
    assert f'id="tag-count-{shoes.pk}"' in page
    assert ">2</span>" in counts


def test_the_counts_are_those_of_the_branch(
    client: Client, branch_ops: User, guide_li, outsider: User
) -> None:
    shoes = TagFactory()
    RelationFactory(member=guide_li, tag_ids=[shoes.tag_id])
    RelationFactory(tag_ids=[shoes.tag_id])

    client.login(username="branch", password=PASSWORD)
    assert ">1</span>" in client.get("/console/customers/tag-counts/").content.decode()
    client.login(username="outsider", password=PASSWORD)
    assert ">0</span>" in client.get("/console/customers/tag-counts/").content.decode()


def test_who_may_not_edit_makes_nothing(client: Client, branch_ops: User) -> None:
    client.login(username="branch", password=PASSWORD)

    assert client.get("/console/tags/").status_code == 200
    assert (
        client.post("/console/tags/create/", {"group_name": "a", "names": "b"}).status_code == 403
    )
    assert client.post("/console/tags/sync/").status_code == 403
    assert (TagGroup.objects.count(), JobRun.objects.count()) == (0, 0)


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_the_sync_runs_as_a_job(
    client: Client, hq_ops: User, django_capture_on_commit_callbacks: object
) -> None:
    client.login(username="hq", password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = client.post("/console/tags/sync/")

    job = JobRun.objects.get()
    assert answer["Location"] == f"/console/jobs/{job.pk}/"
    assert (job.state, job.result["removed"]) == ("done", 0)
    assert Tag.objects.count() == job.result["tags"]
