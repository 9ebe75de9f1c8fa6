"""Makes, checks, publishes and puts away materials; every change is audited."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from materials.library import articles
from materials.library.models import Category, Favourite, Material, StoredFile
from materials.library.selectors import materials_editable_by, units_choosable_by
from materials.library.sharing_check import findings_in
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import Scope

Kind = Material.Kind
Status = Material.Status
FILE_KIND = {
    Kind.IMAGE: StoredFile.Kind.IMAGE,
    Kind.POSTER: StoredFile.Kind.IMAGE,
    Kind.VIDEO: StoredFile.Kind.VIDEO,
    Kind.FILE: StoredFile.Kind.FILE,
}


@dataclass(frozen=True)
class MaterialWish:
    """What a person wants of a material. `unit_ids` empty: every store. `file` and `cover` None: as before."""

    title: str
    summary: str = ""
    category_id: int | None = None
    text: str = ""
    body: str = ""
    url: str = ""
    appid: str = ""
    page: str = ""
    unit_ids: Sequence[int] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    file: StoredFile | None = None
    cover: StoredFile | None = None


@transaction.atomic
def material_create(kind: str, wish: MaterialWish, *, scope: Scope, actor: Any) -> Material:
    """Store a new draft. Raises ValidationFailed with the field that is wrong."""
    material = Material(kind=kind, created_by=actor)
    units = _units(wish, scope)
    _apply(material, wish)
    material.save()
    material.units.set(units)
    _record(actor, "material.create", material, after=_words(wish))
    return material


@transaction.atomic
def material_update(
    material: Material, wish: MaterialWish, *, scope: Scope, actor: Any
) -> Material:
    """Change a material; one that guides could send is checked again at once. Raises ValidationFailed."""
    units = _units(wish, scope)
    material = _locked(material)
    if material.status == Status.ARCHIVED:
        raise Conflict(_("Take it out of the archive first."), code="material_archived")
    before = _words(_wish_of(material))
    _apply(material, wish)
    material.save()
    material.units.set(units)
    _record(actor, "material.update", material, before=before, after=_words(wish))
    if material.status in (Status.PUBLISHED, Status.REVIEW):
        _hand_in(material, actor)
    elif material.status == Status.REFUSED:
        _move(material, Status.DRAFT, actor, "material.redraft")
    return material


@transaction.atomic
def material_hand_in(material: Material, *, actor: Any) -> Material:
    """Publish, unless its wording looks like induced sharing: then it waits for a reviewer. Raises Conflict."""
    material = _locked(material)
    if material.status not in (Status.DRAFT, Status.REFUSED):
        raise Conflict(
            _("Only a draft or a refused material can be handed in."), code="not_a_draft"
        )
    _hand_in(material, actor)
    return material


@transaction.atomic
def material_review(material: Material, *, passed: bool, note: str, actor: Any) -> Material:
    """Decide on a material that waits. Raises PermissionDenied for who handed it in, Conflict when it does not wait."""
    material = _locked(material)
    if material.status != Status.REVIEW:
        raise Conflict(_("This material waits for no reviewer any more."), code="not_waiting")
    if material.handed_in_by_id == actor.pk:
        raise PermissionDenied(
            _("Somebody else has to check what you handed in yourself."), code="own_material"
        )
    if not passed and not note:
        raise ValidationFailed(_("Say what has to change."), code="note_missing", field="note")
    material.checked_by = actor
    material.checked_at = timezone.now()
    material.check_note = note
    if passed:
        _move(material, Status.PUBLISHED, actor, "material.pass", note)
    else:
        _move(material, Status.REFUSED, actor, "material.refuse", note)
    return material


@transaction.atomic
def material_archive(material: Material, *, actor: Any) -> Material:
    """Put it away: guides see it no more, and the pages already sent say that they are over."""
    material = _locked(material)
    if material.status == Status.ARCHIVED:
        raise Conflict(_("It is in the archive already."), code="material_archived")
    _move(material, Status.ARCHIVED, actor, "material.archive")
    return material


@transaction.atomic
def material_restore(material: Material, *, actor: Any) -> Material:
    """Take it out of the archive as a draft. Raises Conflict when it is not there."""
    material = _locked(material)
    if material.status != Status.ARCHIVED:
        raise Conflict(_("It is not in the archive."), code="not_archived")
    _move(material, Status.DRAFT, actor, "material.restore")
    return material


@transaction.atomic
def category_create(name: str, parent: Category | None, *, actor: Any) -> Category:
    """Add a category at the end; one level below another at most. Raises ValidationFailed."""
    if parent is not None and parent.parent_id is not None:
        raise ValidationFailed(_("Two levels are enough."), code="category_deep", field="parent")
    position = Category.objects.filter(parent=parent).count() + 1
    try:
        with transaction.atomic():
            category = Category.objects.create(name=name, parent=parent, position=position)
    except IntegrityError:
        raise ValidationFailed(
            _("There is a category of this name."), code="category_twice", field="name"
        ) from None
    audit.record(
        actor=actor,
        action="material_category.create",
        target=f"material_category:{category.pk}",
        after={"name": name},
    )
    return category


@transaction.atomic
def category_delete(category: Category, *, actor: Any) -> None:
    """Remove an empty category. Raises Conflict while something stands in it."""
    if category.materials.exists() or category.children.exists():
        raise Conflict(
            _("Something stands in this category; move it first."), code="category_in_use"
        )
    audit.record(
        actor=actor,
        action="material_category.delete",
        target=f"material_category:{category.pk}",
        before={"name": category.name},
    )
    category.delete()


def favourite_set(member: Member, material: Material, *, kept: bool) -> None:
    """Keep a material at hand, or no longer; doing it twice changes nothing."""
    if kept:
        Favourite.objects.get_or_create(member=member, material=material)
    else:
        Favourite.objects.filter(member=member, material=material).delete()


def _locked(material: Material) -> Material:
    return Material.objects.select_for_update().get(pk=material.pk)


def _hand_in(material: Material, actor: Any) -> None:
    found = findings_in(
        [material.title, material.summary, material.text, articles.plain(material.body)]
    )
    material.findings = [asdict(finding) for finding in found]
    material.handed_in_by = actor
    if found:
        _move(material, Status.REVIEW, actor, "material.hand_in")
    else:
        _move(material, Status.PUBLISHED, actor, "material.publish")


def _move(material: Material, status: str, actor: Any, action: str, reason: str = "") -> None:
    before = {"status": material.status}
    material.status = status
    if status == Status.PUBLISHED:
        material.published_at = timezone.now()
    material.save()
    _record(
        actor, action, material, before=before,
        after={"status": status, "findings": material.findings}, reason=reason,
    )  # fmt: skip


def _record(actor: Any, action: str, material: Material, **fields: Any) -> None:
    audit.record(actor=actor, action=action, target=f"material:{material.pk}", **fields)


def _words(wish: MaterialWish) -> dict[str, Any]:
    values = {name: getattr(wish, name) for name in wish.__dataclass_fields__}
    for name in ("valid_from", "valid_until"):
        values[name] = values[name].isoformat() if values[name] else None
    for name in ("file", "cover"):
        values[name] = str(values[name].pk) if values[name] else None
    values["unit_ids"] = sorted(values["unit_ids"])
    return values


def _wish_of(material: Material) -> MaterialWish:
    names = (
        "title", "summary", "category_id", "text", "body", "url", "appid", "page", "valid_from", "valid_until",
        "file", "cover",
    )  # fmt: skip
    unit_ids = tuple(material.units.values_list("pk", flat=True))
    return MaterialWish(unit_ids=unit_ids, **{name: getattr(material, name) for name in names})


def _apply(material: Material, wish: MaterialWish) -> None:
    material.title = wish.title
    material.summary = wish.summary
    material.category_id = wish.category_id
    material.text = wish.text
    material.body = articles.cleaned(wish.body) if wish.body else ""
    material.url = wish.url
    material.appid = wish.appid
    material.page = wish.page
    material.valid_from = wish.valid_from
    material.valid_until = wish.valid_until
    material.file = wish.file or material.file
    material.cover = wish.cover or material.cover
    _check(material)


def _check(material: Material) -> None:
    """Raise ValidationFailed for the first thing a material of this type lacks."""
    needed = {
        Kind.TEXT: ("text", _("Write the text.")),
        Kind.ARTICLE: ("body", _("Write the article.")),
        Kind.LINK: ("url", _("Give the address.")),
        Kind.MINI_PROGRAM: ("appid", _("Give the mini program's id.")),
        Kind.IMAGE: ("file", _("Choose a picture.")),
        Kind.POSTER: ("file", _("Choose a picture.")),
        Kind.VIDEO: ("file", _("Choose a video.")),
        Kind.FILE: ("file", _("Choose a document.")),
    }
    field, words = needed[Kind(material.kind)]
    if not getattr(material, field):
        raise ValidationFailed(words, code="content_missing", field=field)
    if material.kind == Kind.LINK:
        _check_address(material.url)
    if material.kind == Kind.MINI_PROGRAM and not material.page:
        raise ValidationFailed(_("Give the page."), code="content_missing", field="page")
    wanted = FILE_KIND.get(Kind(material.kind))
    if material.file is not None and wanted is not None and material.file.kind != wanted:
        raise ValidationFailed(_("The file is of another type."), code="file_kind", field="file")
    if material.valid_from and material.valid_until and material.valid_until <= material.valid_from:
        raise ValidationFailed(
            _("The end must lie behind the beginning."), code="valid_order", field="valid_until"
        )


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    own = urlsplit(settings.BASE_URL)
    # Our own address is fine whatever its scheme: a trial on one machine has no certificate.
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise ValidationFailed(
            _("The address must begin with https:// and name a host."),
            code="address_unsafe",
            field="url",
        )


def _units(wish: MaterialWish, scope: Scope) -> list[OrgUnit]:
    ids = set(wish.unit_ids)
    found = list(units_choosable_by(scope).filter(pk__in=ids))
    if len(found) < len(ids):
        raise ValidationFailed(
            _("A chosen store is not within your range."), code="unit_unknown", field="units"
        )
    if not ids and not scope.everything:
        raise ValidationFailed(
            _("Choose at least one of your stores or branches."),
            code="units_missing",
            field="units",
        )
    return found


def may_edit(scope: Scope, material: Material) -> bool:
    """Tell whether this person may change the material."""
    return (
        scope.allows("materials.edit")
        and materials_editable_by(scope).filter(pk=material.pk).exists()
    )
