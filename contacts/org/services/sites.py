"""What customers need to know about a store: where it is, when it is open; changed by hand."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from contacts.org.hours import hours_read
from contacts.org.models import OrgUnit
from contacts.org.services.joining import codes_changed
from contacts.org.services.terms import terms_note
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed


@dataclass(frozen=True)
class Site:
    """What a person says about a unit; coordinates come with their datum or not at all."""

    name: str
    crm_store_id: str = ""
    street_address: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    datum: str = ""
    hours: str = ""
    shut_from: date | None = None
    shut_until: date | None = None
    shut_reason: str = ""


def site_of(unit: OrgUnit) -> Site:
    """Return what is known about a unit."""
    return Site(
        name=unit.name,
        crm_store_id=unit.crm_store_id or "",
        street_address=unit.street_address,
        latitude=unit.latitude,
        longitude=unit.longitude,
        datum=unit.datum,
        hours=unit.hours,
        shut_from=unit.shut_from,
        shut_until=unit.shut_until,
        shut_reason=unit.shut_reason,
    )


@transaction.atomic
def site_save(*, unit: OrgUnit, site: Site, actor: Any) -> OrgUnit:
    """Change what is known about a unit; audited with before and after. Raises ValidationFailed, Conflict."""
    unit = OrgUnit.objects.select_for_update().get(pk=unit.pk)
    before = site_of(unit)
    for problem in site_problems(unit, site):
        raise ValidationFailed(problem.words, code=problem.code, field=problem.field)
    for name, value in asdict(site).items():
        setattr(unit, name, value)
    unit.crm_store_id = site.crm_store_id or None
    unit.hours = hours_read(site.hours)
    after = site_of(unit)
    if after == before:
        return unit
    try:
        with transaction.atomic():
            unit.save()
    except IntegrityError:
        raise Conflict(_crm_id_taken(site), code="crm_id_taken", field="crm_store_id") from None
    terms_note()
    if after.crm_store_id != before.crm_store_id:
        codes_changed()
    record(
        actor=actor,
        action="org.site_save",
        target=f"store:{unit.code}",
        before=_changed(before, after),
        after=_changed(after, before),
    )
    return unit


@dataclass(frozen=True)
class SiteProblem:
    """What is wrong with one field of a site."""

    field: str
    code: str
    words: str


def site_problems(unit: OrgUnit, site: Site) -> list[SiteProblem]:
    """Return everything that is wrong with what a person says about a unit, each beside its field."""
    found = []
    if unit.department_id is not None and site.name != unit.name:
        found.append(SiteProblem("name", "named_by_oa", _("The OA names this unit. Rename its department there.")))  # fmt: skip
    if site.crm_store_id and _has_crm_id(unit, site.crm_store_id):
        found.append(SiteProblem("crm_store_id", "crm_id_taken", _crm_id_taken(site)))
    given = {"latitude": site.latitude is not None, "longitude": site.longitude is not None, "datum": bool(site.datum)}  # fmt: skip
    if any(given.values()):
        words = _("Latitude, longitude and datum belong together: give all three, or none.")
        found += [SiteProblem(field, "place_part", words) for field, is_given in given.items() if not is_given]  # fmt: skip
    try:
        hours_read(site.hours)
    except ValidationFailed as refused:
        found.append(SiteProblem("hours", refused.code, refused.message))
    return found + _shut_problems(site)


def _shut_problems(site: Site) -> list[SiteProblem]:
    if site.shut_until and not site.shut_from:
        words = _("Say since when the store is closed.")
        return [SiteProblem("shut_from", "shut_without_start", words)]
    if site.shut_from and site.shut_until and site.shut_until < site.shut_from:
        words = _("The closure ends before it begins.")
        return [SiteProblem("shut_until", "shut_backwards", words)]
    return []


def _has_crm_id(unit: OrgUnit, crm_store_id: str) -> bool:
    return OrgUnit.objects.filter(crm_store_id=crm_store_id).exclude(pk=unit.pk).exists()


def _crm_id_taken(site: Site) -> str:
    return _('Another store has the CRM id "%(id)s".') % {"id": site.crm_store_id}


def _changed(one: Site, other: Site) -> dict[str, Any]:
    values, others = asdict(one), asdict(other)
    return {
        name: None if value is None else str(value)
        for name, value in values.items()
        if value != others[name]
    }
