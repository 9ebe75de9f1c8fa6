"""Groups and tags changed from the console: WeCom first, our mirror after, words before a refusal."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from customers.tags import editing, handlers, services
from customers.tags.local import local_mark, local_unmark, personal_observed
from customers.tags.models import LocalTag, LocalTagMark, PersonalTags, Tag, TagGroup
from customers.tags.selectors import groups_with_tags, tags_all
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.ids import uuid7
from scrm.wecom.errors import WeComError
from tests.cast import PASSWORD
from tests.customers.tags.test_tags import event
from tests.factories.accounts import UserFactory
from tests.factories.customers import TagFactory, TagGroupFactory

pytestmark = pytest.mark.django_db


def in_wecom(name: str) -> list[str]:
    """Return the tags of a group as WeCom has them, in its order."""
    groups = [group for group in wecom().corp_tag.list().groups if group.name == name]
    tags = [tag for group in groups for tag in group.tags]
    return [tag.name for tag in sorted(tags, key=lambda tag: -tag.order)]


def in_mirror(name: str) -> list[str]:
    """Return the same as we have them."""
    groups = [group for group in groups_with_tags() if group.name == name]
    return [tag.name for group in groups for tag in group.living_tags]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_rename_move_and_delete_reach_wecom_and_the_mirror() -> None:
    # given
    actor = UserFactory()
    made = {
        tag.name: tag for tag in services.tag_create("Interests", ["Hats", "Bags", "Shoes"], actor)
    }

    # when
    editing.item_rename(made["Hats"], "Caps", actor=actor)
    assert editing.item_move(Tag.objects.get(name="Shoes"), up=True, actor=actor)
    assert editing.item_move(Tag.objects.get(name="Shoes"), up=True, actor=actor)
    assert not editing.item_move(Tag.objects.get(name="Shoes"), up=True, actor=actor)

    # then both say the same, also after a complete read
    assert in_wecom("Interests") == in_mirror("Interests") == ["Shoes", "Caps", "Bags"]
    services.tags_sync()
    assert in_mirror("Interests") == ["Shoes", "Caps", "Bags"]

    # when a tag is deleted, and then the group
    editing.item_delete(Tag.objects.get(name="Caps"), actor=actor)
    assert in_wecom("Interests") == in_mirror("Interests") == ["Shoes", "Bags"]
    group = TagGroup.objects.get(name="Interests")
    editing.item_rename(group, "Likes", actor=actor)
    assert in_wecom("Likes") == ["Shoes", "Bags"]
    editing.item_delete(TagGroup.objects.get(pk=group.pk), actor=actor)

    # then
    assert in_wecom("Likes") == in_mirror("Likes") == []
    assert not tags_all().filter(name__in=["Shoes", "Bags", "Caps"]).exists()
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"tags.rename", "tags.reorder", "tags.delete"} <= actions


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_the_last_tag_takes_its_group_along() -> None:
    (only,) = services.tag_create("Alone", ["One"], UserFactory())

    editing.item_delete(only, actor=UserFactory())

    assert TagGroup.objects.get(name="Alone").deleted_at is not None
    assert "Alone" not in [group.name for group in wecom().corp_tag.list().groups]


def test_a_change_in_wecoms_console_arrives_by_event(wecom_sandbox_world: Any) -> None:
    # given a group made there
    world = wecom_sandbox_world
    world.control.post(
        "console_tag", {"action": "create", "group_name": "Made there", "names": ["A", "B"]}
    )
    services.tags_sync()
    tag = tags_all().get(name="A")

    # when it is renamed there, and the event handled
    world.control.post("console_tag", {"action": "update", "id": tag.tag_id, "name": "A2"})
    told = event("update", Id=tag.tag_id, TagType="tag")
    handlers.apply_tags(told, handlers.read_tags(told))

    # then we know; and what another app made we may not change: in words, with nothing changed here
    assert in_mirror("Made there") == ["A2", "B"]
    with pytest.raises(WeComError) as refused:
        editing.item_rename(tags_all().get(tag_id=tag.tag_id), "A3", actor=UserFactory())
    assert refused.value.errcode == 301002
    assert in_mirror("Made there") == ["A2", "B"]
    assert not AuditEntry.objects.filter(action="tags.rename").exists()


def test_names_that_are_taken_and_too_many_tags_are_refused_here(monkeypatch: Any) -> None:
    tag = TagFactory(name="A")
    TagFactory(name="B", group=tag.group)
    with pytest.raises(Conflict):
        editing.item_rename(tag, "B", actor=UserFactory())
    with pytest.raises(ValidationFailed):
        editing.item_rename(tag, "x" * 31, actor=UserFactory())

    monkeypatch.setattr(services, "MOST_TAGS", 3)
    with pytest.raises(ValidationFailed) as refused:
        services.tag_create(tag.group.name, ["B", "C", "D"], UserFactory())
    assert refused.value.code == "tags_full"
    monkeypatch.setattr(services, "MOST_GROUPS", 1)
    with pytest.raises(ValidationFailed) as refused:
        services.tag_create("another", ["C"], UserFactory())
    assert refused.value.code == "tag_groups_full"
    assert Tag.objects.count() == 2


def test_local_tags_are_ours_and_remember_who_took_them_off() -> None:
    actor = UserFactory()
    (tag,) = editing.local_create(["Regular", "Regular"], actor=actor)
    assert editing.local_create(["Regular"], actor=actor) == []
    first, second = uuid7(), uuid7()

    assert local_mark(tag, [first, second, first], actor=actor) == 2
    assert local_mark(tag, [first], actor=actor) == 0
    assert local_unmark(tag, [first], actor=actor) == 1
    assert LocalTagMark.objects.get(record_id=first).removed_by == "human"
    assert local_mark(tag, [first], actor=actor) == 1
    assert LocalTagMark.objects.get(record_id=first).removed_at is None

    editing.local_rename(tag, "Often", actor=actor)
    editing.local_delete(LocalTag.objects.get(name="Often"), actor=actor)
    assert not LocalTagMark.objects.exists()
    assert not LocalTag.objects.filter(deleted_at=None).exists()


def test_a_guides_own_tags_are_kept_as_read_and_older_reads_change_nothing() -> None:
    now = timezone.now()
    personal_observed("wm1", {"li": ["mine", "also"], "wang": []}, now)
    personal_observed("wm1", {"li": ["old"]}, now - timezone.timedelta(minutes=1))

    assert list(PersonalTags.objects.values_list("userid", "names")) == [("li", ["also", "mine"])]
    personal_observed("wm1", {"LI": []}, now + timezone.timedelta(minutes=1))
    assert list(PersonalTags.objects.values_list("userid", "names")) == [("li", [])]


@pytest.mark.usefixtures("wecom_sandbox_world")
def test_the_pages_change_tags(client: Client, hq_ops: User) -> None:
    client.cookies["django_language"] = "en"
    client.login(username="hq", password=PASSWORD)
    client.post("/console/tags/create/", {"group_name": "G", "names": "One\nTwo"})
    group = TagGroup.objects.get(name="G")
    one = Tag.objects.get(name="One")

    assert "One" in client.get(f"/console/tags/groups/{group.pk}/").content.decode()
    client.post(f"/console/tags/{one.pk}/rename/", {"name": "Uno"})
    client.post(f"/console/tags/{Tag.objects.get(name='Two').pk}/move/", {"to": "up"})
    client.post(f"/console/tags/groups/{group.pk}/add/", {"names": "Three"})
    assert in_wecom("G") == in_mirror("G")
    assert set(in_mirror("G")) == {"Two", "Uno", "Three"}
    client.post(f"/console/tags/groups/{group.pk}/rename/", {"name": "H"})
    client.post(f"/console/tags/{one.pk}/delete/")
    assert set(in_wecom("H")) == {"Two", "Three"}
    client.post(f"/console/tags/groups/{group.pk}/move/", {"to": "up"})
    client.post(f"/console/tags/groups/{group.pk}/delete/")
    assert in_wecom("H") == []

    client.post("/console/tags/local/create/", {"names": "Ours"})
    ours = LocalTag.objects.get(name="Ours")
    assert "Ours" in client.get("/console/tags/local/").content.decode()
    client.post(f"/console/tags/local/{ours.pk}/rename/", {"name": "Ours2"})
    assert "on 0 records" in client.get("/console/tags/local/").content.decode()
    client.post(f"/console/tags/local/{ours.pk}/delete/")
    assert "No local tags yet" in client.get("/console/tags/local/").content.decode()


def test_who_may_only_look_changes_nothing(client: Client, branch_ops: User) -> None:
    group = TagGroupFactory(name="G")
    tag = TagFactory(group=group, name="T")
    local = LocalTag.objects.create(name="L")
    client.login(username="branch", password=PASSWORD)

    for path in (
        f"groups/{group.pk}/rename", f"groups/{group.pk}/move", f"groups/{group.pk}/delete",
        f"groups/{group.pk}/add", f"{tag.pk}/rename", f"{tag.pk}/move", f"{tag.pk}/delete",
        "local/create", f"local/{local.pk}/rename", f"local/{local.pk}/delete",
    ):  # fmt: skip
        assert client.post(f"/console/tags/{path}/", {"name": "x", "names": "x"}).status_code == 403

    assert client.get(f"/console/tags/groups/{group.pk}/").status_code == 403
    assert client.get("/console/tags/local/").status_code == 200
    assert [each.name for each in tags_all()] == ["T"]
    assert list(LocalTag.objects.values_list("name", "deleted_at")) == [("L", None)]
