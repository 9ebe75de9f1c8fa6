"""The feed: one item a key, words in the reader's language, only the member's own."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from contacts.feed import services
from contacts.feed.models import FeedItem
from contacts.feed.selectors import done_items, open_items
from contacts.feed.words import TITLES, title_of
from scrm.core.exceptions import ValidationFailed

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def put(key: str, *, member_id: int = 7, **fields) -> FeedItem:
    given = {
        "kind": "material.viewed",
        "data": {"customer": "小明", "material": "羊绒"},
        "url": "/h5/",
    }
    return services.put(member_id=member_id, key=key, **(given | fields))


def test_the_same_key_changes_the_words_and_makes_no_second_item():
    first = put("view:1")

    again = put("view:1", data={"customer": "小明", "material": "风衣"}, due_at=NOW)

    stored = FeedItem.objects.get()
    assert (again.pk, stored.pk) == (first.pk, first.pk)
    assert (stored.data["material"], stored.due_at) == ("风衣", NOW)


def test_an_item_that_is_done_stays_done():
    put("view:1")
    assert services.done("view:1") is True

    put("view:1")

    assert services.done("view:1") is False
    assert open_items(7).count() == 0
    assert [item.key for item in done_items(7)] == ["view:1"]


def test_due_items_come_first_then_the_newest():
    for key, due in [("a", None), ("b", NOW + timedelta(days=2)), ("c", NOW), ("d", None)]:
        put(key, due_at=due)
    put("other", member_id=8)

    assert [item.key for item in open_items(7)] == ["c", "b", "d", "a"]


def test_nobody_ticks_off_the_item_of_another():
    item = put("view:1", member_id=8)

    assert services.item_done(member_id=7, item_id=item.pk) is False

    item.refresh_from_db()
    assert item.done_at is None
    assert services.item_done(member_id=8, item_id=item.pk) is True


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example/", "h5/"])
def test_an_item_leads_to_this_site_only(url):
    with pytest.raises(ValidationFailed):
        put("view:1", url=url)

    assert FeedItem.objects.count() == 0


def test_a_wording_nobody_wrote_is_refused():
    with pytest.raises(ValidationFailed):
        put("view:1", kind="something.else")


def test_the_title_is_words_and_what_is_missing_is_a_dash():
    with override("en"):
        assert put("view:1").title == "小明 looked at 羊绒"
        assert title_of("material.viewed", {}) == "- looked at -"
        # A nickname is text, whatever it looks like.
        assert "%(material)s" in title_of("material.viewed", {"customer": "%(material)s"})


def test_every_wording_fills_from_data():
    for code in TITLES:
        assert "%(" not in title_of(code, {})


def test_an_item_is_overdue_when_its_time_has_passed():
    assert put("a", due_at=timezone.now() - timedelta(minutes=1)).is_overdue is True
    assert put("b", due_at=timezone.now() + timedelta(minutes=1)).is_overdue is False
    assert put("c").is_overdue is False


def test_what_was_done_is_forgotten_after_ninety_days():
    for key, days in [("old", 91), ("young", 89)]:
        put(key)
        FeedItem.objects.filter(key=key).update(done_at=timezone.now() - timedelta(days=days))
    put("open")

    assert services.purge() == 1
    assert set(FeedItem.objects.values_list("key", flat=True)) == {"young", "open"}
