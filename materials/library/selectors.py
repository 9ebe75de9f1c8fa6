"""Reads of the library; every list starts from what the scope may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from contacts.directory.models import Member
from contacts.directory.selectors import path_filter
from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from materials.library.models import Category, Favourite, Material, MaterialQuerySet, StoredFile
from scrm.core.scope import Scope


def materials_visible_to(scope: Scope) -> MaterialQuerySet:
    """Return the materials of a console user: all, or those meant for stores within the scope."""
    if scope.everything:
        return Material.objects.all()
    if scope.own_only:
        return Material.objects.none()
    units = Material.units.through.objects.filter(material=OuterRef("pk"))
    above = [int(part) for path in scope.org_paths for part in path.strip("/").split("/")]
    reached = units.filter(path_filter("orgunit__path", scope.org_paths) | Q(orgunit__in=above))
    return Material.objects.filter(Exists(reached) | ~Exists(units))


def materials_editable_by(scope: Scope) -> MaterialQuerySet:
    """Return what the scope may change: nobody changes what other branches see too."""
    if scope.everything:
        return Material.objects.all()
    units = Material.units.through.objects.filter(material=OuterRef("pk"))
    foreign = units.exclude(orgunit__in=org_units_visible_to(scope))
    return materials_visible_to(scope).filter(Exists(units)).exclude(Exists(foreign))


def materials_for(member: Member) -> MaterialQuerySet:
    """Return what a guide may send now: published, valid, for every store or for hers."""
    path = member.store_path or member.org_path
    own = [int(part) for part in path.strip("/").split("/") if part]
    units = Material.units.through.objects.filter(material=OuterRef("pk"))
    return (
        Material.objects.sendable()
        .filter(~Exists(units) | Exists(units.filter(orgunit__in=own)))
        .select_related("cover", "file", "category")
    )


def units_choosable_by(scope: Scope) -> QuerySet[OrgUnit]:
    """Return the organisation units a material may be given to by this scope."""
    return org_units_visible_to(scope).filter(status=OrgUnit.Status.OPEN).order_by("path")


def categories_all() -> list[Category]:
    """Return the categories in order, each chain under its own parent."""
    rows = list(Category.objects.order_by("position", "name"))
    below: dict[int | None, list[Category]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    return [each for parent in below.get(None, ()) for each in (parent, *below.get(parent.pk, ()))]


def categories_counted() -> QuerySet[Category]:
    """Return the categories with `count`, how many materials stand in each that are not archived."""
    return Category.objects.annotate(
        count=Count("materials", filter=~Q(materials__status=Material.Status.ARCHIVED))
    ).order_by("position", "name")


def kind_counts(scope: Scope) -> dict[str, int]:
    """Return how many materials of each type the scope sees, archived ones apart, in one query."""
    rows = (
        materials_visible_to(scope)
        .exclude(status=Material.Status.ARCHIVED)
        .order_by()
        .values_list("kind")
        .annotate(count=Count("pk"))
    )
    return dict(rows)


def favourites_of(member: Member, material_ids: Iterable[int]) -> set[int]:
    """Return which of these materials the member keeps at hand."""
    rows = Favourite.objects.filter(member=member, material_id__in=list(material_ids))
    return set(rows.values_list("material_id", flat=True))


def public_file(token: str) -> StoredFile | None:
    """Return a file customers may load: one of a material that is published and valid."""
    live = Material.objects.sendable()
    stored = StoredFile.objects.filter(token=token).first()
    if stored is None:
        return None
    used = live.filter(Q(file=stored) | Q(cover=stored)).exists()
    # A picture inside of an article has no row that names it.
    return stored if used or live.filter(body__contains=f"/m/file/{token}").exists() else None


@dataclass(frozen=True)
class Destination:
    """Where a link leads: its host, and whether headquarters vouches for it."""

    url: str
    host: str
    trusted: bool


def destination_of(url: str) -> Destination:
    """Return what a person should know before following a stored address."""
    host = (urlsplit(url).hostname or "").lower()
    own = (urlsplit(settings.BASE_URL).hostname or "").lower()
    allowed = [each.lower().lstrip(".") for each in settings.MATERIALS_LINK_HOSTS]
    trusted = host == own or any(host == each or host.endswith(f".{each}") for each in allowed)
    return Destination(url, host, trusted)
