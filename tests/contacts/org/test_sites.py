"""Where a store is and when it is open: datums, hours, temporary closure."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from contacts.org.datums import Point, as_gcj02, as_wgs84, distance
from contacts.org.hours import hours_read, opens_at
from contacts.org.models import OrgUnit
from contacts.org.services import Site, site_of, site_save
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from tests.cast import Company, company, hq_ops
from tests.factories.accounts import UserFactory
from tests.factories.contacts import DepartmentFactory, StoreFactory

__all__ = ["company", "hq_ops"]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def moment(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026; the 2nd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def test_datums_convert_as_the_published_formulas_do() -> None:
    # given Tiananmen in GPS coordinates; the values of coordtransform's own README
    tiananmen = Point(39.915, 116.404, "wgs84")

    gcj = as_gcj02(tiananmen)

    assert (round(gcj.latitude, 6), round(gcj.longitude, 6)) == (39.916404, 116.410244)
    baidu = as_gcj02(Point(39.915, 116.404, "bd09"))
    assert (round(baidu.latitude, 6), round(baidu.longitude, 6)) == (39.908657, 116.397627)


def test_there_and_back_is_the_same_place() -> None:
    for latitude, longitude in ((31.23, 121.47), (22.54, 114.06), (43.82, 87.61), (48.85, 2.35)):
        here = Point(latitude, longitude, "wgs84")
        assert distance(here, as_wgs84(as_gcj02(here))) < 0.001


def test_a_datum_mixed_up_lies_hundreds_of_metres_away() -> None:
    assert 300 < distance(Point(31.23, 121.47, "wgs84"), Point(31.23, 121.47, "gcj02")) < 700
    assert distance(Point(31.23, 121.47, "gcj02"), as_gcj02(Point(31.23, 121.47, "gcj02"))) == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("10:00-21:00", "1-7 10:00-21:00"),
        ("1-5 9:30-21:00;6-7 10:00-22:00", "1-5 09:30-21:00; 6-7 10:00-22:00"),
        ("１－５　９：００～１８：００；６ 10:00-12:00", "1-5 09:00-18:00; 6 10:00-12:00"),
        ("1 09:00-12:00; 1 13:00-24:00; 2 09:00-12:00; 2 13:00-24:00", "1-2 09:00-12:00; 1-2 13:00-24:00"),
        ("", ""),
    ],
)  # fmt: skip
def test_hours_have_one_spelling(typed: str, kept: str) -> None:
    assert hours_read(typed) == kept
    assert hours_read(kept) == kept


@pytest.mark.parametrize(
    "typed", ["ten to nine", "10:00", "8 10:00-12:00", "5-1 10:00-12:00", "22:00-02:00", "10:00-25:00",
              "1 10:00-12:00; 1 11:00-13:00"]
)  # fmt: skip
def test_wrong_hours_are_refused_in_words(typed: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        hours_read(typed)
    assert len(refused.value.message) > 20


def test_hours_are_local_and_end_before_their_last_minute() -> None:
    hours = "1-5 10:00-21:00"

    assert opens_at(hours, moment(2, 10)) is True
    assert opens_at(hours, moment(2, 21)) is False
    assert opens_at(hours, moment(2, 9, 59)) is False
    assert opens_at(hours, moment(7, 12)) is False
    assert opens_at("", moment(2, 12)) is None


def test_a_temporary_closure_covers_both_its_days() -> None:
    store = OrgUnit(hours="10:00-21:00", shut_from=date(2026, 11, 3), shut_until=date(2026, 11, 4))

    open_on = {day: store.receives_at(moment(day, 12)) for day in (2, 3, 4, 5)}

    assert open_on == {2: True, 3: False, 4: False, 5: True}
    assert OrgUnit(status="closed", hours="10:00-21:00").receives_at(moment(2, 12)) is False


@pytest.mark.django_db
def test_details_are_saved_and_audited_with_what_changed() -> None:
    user, store = UserFactory(), StoreFactory(name="人民路店", code="S1")
    site = Site("人民路店", "C1", "人民路 1 号", Decimal("31.230416"), Decimal("121.473701"), "gcj02", "10:00-21:00")  # fmt: skip

    site_save(unit=store, site=site, actor=user)
    site_save(unit=store, site=site_of(OrgUnit.objects.get(pk=store.pk)), actor=user)

    store.refresh_from_db()
    assert (store.crm_store_id, store.hours, store.datum) == ("C1", "1-7 10:00-21:00", "gcj02")
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.target, entry.actor_id) == ("org.site_save", "store:S1", user.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"latitude": Decimal(31)}, "place_part"),
        ({"datum": "gcj02"}, "place_part"),
        ({"shut_until": date(2026, 1, 1)}, "shut_without_start"),
        ({"shut_from": date(2026, 1, 2), "shut_until": date(2026, 1, 1)}, "shut_backwards"),
        ({"hours": "whenever"}, "hours_invalid"),
        ({"crm_store_id": "TAKEN"}, "crm_id_taken"),
    ],
)
def test_wrong_details_change_nothing(values: dict[str, object], code: str) -> None:
    StoreFactory(crm_store_id="TAKEN")
    store = StoreFactory(name="人民路店")

    with pytest.raises((ValidationFailed, Conflict)) as refused:
        site_save(unit=store, site=Site(name="人民路店", **values), actor=None)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert site_of(OrgUnit.objects.get(pk=store.pk)) == Site(name="人民路店")
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db
def test_the_oa_names_its_own_stores() -> None:
    store = StoreFactory(name="人民路店", department=DepartmentFactory())

    with pytest.raises(ValidationFailed):
        site_save(unit=store, site=Site(name="别的"), actor=None)

    assert OrgUnit.objects.get(pk=store.pk).name == "人民路店"


@pytest.mark.django_db
def test_every_wrong_field_is_marked_at_once(company: Company, hq_ops: User) -> None:
    # given a form in which six fields are wrong
    StoreFactory(crm_store_id="TAKEN")
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(hq_ops)
    address = reverse("org:site", args=[company.store_a.pk])
    wrong = {
        "crm_store_id": "TAKEN", "latitude": "99", "datum": "gcj02", "hours": "whenever",
        "shut_until": "2026-01-01", "shut_reason": "x" * 101,
    }  # fmt: skip

    answer = client.post(address, wrong)

    # then each is marked with its own words, nothing stands above the form, and nothing is saved
    form = answer.context["form"]
    assert answer.status_code == 422
    assert set(form.errors) == {
        "crm_store_id", "latitude", "longitude", "hours", "shut_from", "shut_reason",
    }  # fmt: skip
    assert answer.content.decode().count('aria-invalid="true"') == 6
    assert site_of(OrgUnit.objects.get(pk=company.store_a.pk)) == site_of(company.store_a)
