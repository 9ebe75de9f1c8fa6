"""The console's pages of the library, and the files customers' phones load."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from materials.library import selectors, services
from materials.library.forms import (
    CategoryForm,
    MaterialFilter,
    MaterialForm,
    ReviewForm,
    initial_of,
)
from materials.library.models import Category, Material, StoredFile
from materials.library.serving import file_response, thumb_response
from materials.library.sharing_check import reason_words
from materials.library.tables import MaterialTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, public, requires

FOLDER = "console/materials/library"
KIND_ICONS = {
    "text": "file-text", "image": "photo", "poster": "photo", "link": "link", "article": "article",
    "mini_program": "apps", "video": "video", "file": "file",
}  # fmt: skip


@require_GET
@requires("materials.view")
def material_list(request: ScopedRequest) -> HttpResponse:
    """List the materials in scope, the newest first, with the types as tabs."""
    visible = selectors.materials_visible_to(request.scope)
    page = build_list(
        request,
        queryset=visible.select_related("category", "cover", "file").prefetch_related("units"),
        table_class=MaterialTable,
        filterset_class=MaterialFilter,
    )
    counts = selectors.kind_counts(request.scope)
    may_edit = request.scope.allows("materials.edit")
    chosen = request.GET.get("kind", "")
    tabs = [
        {"code": code, "label": label, "count": counts.get(code, 0), "active": code == chosen}
        for code, label in Material.Kind.choices
    ]
    empty = {
        "title": _("The library is empty"),
        "text": _(
            "What you put here, guides send to customers with one tap and see who viewed it."
        ),
        "action_label": _("Add the first material") if may_edit else "",
        "action_url": reverse("materials:kinds") if may_edit else "",
        "icon": "photo",
    }
    context = {
        "list": page, "empty": empty, "may_edit": may_edit, "tabs": tabs, "total": sum(counts.values()),
        "chosen": chosen, "waiting": visible.filter(status=Material.Status.REVIEW).count(),
    }  # fmt: skip
    return render(request, f"{FOLDER}/list.html", context)


@require_GET
@requires("materials.edit")
def material_kinds(request: ScopedRequest) -> HttpResponse:
    """Choose the type first: each has its own form."""
    kinds = [(code, label, KIND_ICONS[code]) for code, label in Material.Kind.choices]
    return render(request, f"{FOLDER}/kinds.html", {"kinds": kinds})


@require_http_methods(["GET", "POST"])
@requires("materials.edit")
def material_create(request: ScopedRequest, kind: str) -> HttpResponse:
    """Make a draft of one type."""
    if kind not in Material.Kind.values:
        raise Http404
    form = MaterialForm(request.POST or None, request.FILES or None, kind=kind, scope=request.scope)
    if request.method == "POST" and form.is_valid():
        try:
            wish = form.wish(request.user)
            material = services.material_create(kind, wish, scope=request.scope, actor=request.user)
        except ScrmError as error:
            _tell(form, error)
        else:
            messages.success(request, _("Kept as a draft. Look at it, then publish it."))
            return redirect("materials:detail", material.pk)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("materials.edit")
def material_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change a material on the same page; what guides can send is checked again at once."""
    material = get_object_or_404(selectors.materials_editable_by(request.scope), pk=pk)
    form = MaterialForm(
        request.POST or None, request.FILES or None, initial=initial_of(material),
        kind=material.kind, scope=request.scope,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            wish = form.wish(request.user)
            material = services.material_update(
                material, wish, scope=request.scope, actor=request.user
            )
        except ScrmError as error:
            _tell(form, error)
        else:
            _say_status(request, material)
            return redirect("materials:detail", material.pk)
    return _form_page(request, form, material)


def _tell(form: Any, error: ScrmError) -> None:
    field = error.data.get("field")
    form.add_error(field if field in form.fields else None, error.message)


def _form_page(
    request: ScopedRequest, form: MaterialForm, material: Material | None
) -> HttpResponse:
    context = {
        "form": form,
        "material": material,
        "kind_label": Material.Kind(form.kind).label,
        "kind": str(form.kind),
    }
    return render(request, f"{FOLDER}/form.html", context, status=422 if form.errors else 200)


def _say_status(request: ScopedRequest, material: Material) -> None:
    if material.status == Material.Status.PUBLISHED:
        messages.success(request, _("Published: guides find it in their library now."))
    elif material.status == Material.Status.REVIEW:
        messages.warning(
            request,
            _("The wording looks like induced sharing: a reviewer has to look at it first."),
        )
    else:
        messages.success(request, _("Saved."))


@require_GET
@requires("materials.view")
def material_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a material as the customer sees it, its state, and what may be done with it."""
    found = selectors.materials_visible_to(request.scope).select_related(
        "category", "file", "cover", "handed_in_by", "checked_by", "created_by"
    )
    return _detail_page(request, get_object_or_404(found, pk=pk), ReviewForm())


def _detail_page(
    request: ScopedRequest, material: Material, form: ReviewForm, status: int = 200
) -> HttpResponse:
    may_review = request.scope.allows("materials.review")
    context = {
        "material": material,
        "units": material.units.order_by("path"),
        "findings": [(each["word"], reason_words(each["reason"])) for each in material.findings],
        "may_edit": services.may_edit(request.scope, material),
        "may_review": may_review and material.status == Material.Status.REVIEW,
        "is_own": material.handed_in_by_id == request.user.pk,
        "form": form,
        "link": selectors.destination_of(material.url) if material.url else None,
    }
    return render(request, f"{FOLDER}/detail.html", context, status=status)


@require_POST
@requires("materials.edit")
def material_hand_in(request: ScopedRequest, pk: int) -> HttpResponse:
    """Publish, or hand in to a reviewer when the wording asks for one."""
    return _moved(request, pk, services.material_hand_in)


@require_POST
@requires("materials.edit")
def material_archive(request: ScopedRequest, pk: int) -> HttpResponse:
    """Put it into the archive."""
    return _moved(request, pk, services.material_archive)


@require_POST
@requires("materials.edit")
def material_restore(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take it out of the archive."""
    return _moved(request, pk, services.material_restore)


def _moved(request: ScopedRequest, pk: int, move: Callable[..., Material]) -> HttpResponse:
    material = get_object_or_404(selectors.materials_editable_by(request.scope), pk=pk)
    try:
        material = move(material, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        _say_status(request, material)
    return redirect("materials:detail", pk)


@require_POST
@requires("materials.review")
def material_review(request: ScopedRequest, pk: int) -> HttpResponse:
    """Let it pass or send it back with a note."""
    material = get_object_or_404(selectors.materials_visible_to(request.scope), pk=pk)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _detail_page(request, material, form, status=422)
    try:
        services.material_review(
            material,
            passed=request.POST.get("decision") == "pass",
            note=form.cleaned_data["note"].strip(),
            actor=request.user,
        )
    except ScrmError as error:
        form.add_error("note", error.message)
        return _detail_page(request, material, form, status=error.status)
    messages.success(request, _("Decided; the author sees it here."))
    return redirect("materials:detail", pk)


@require_http_methods(["GET", "POST"])
@requires("materials.view")
def category_list(request: ScopedRequest) -> HttpResponse:
    """Show the categories; who may edit adds one. Categories belong to the whole company."""
    may_edit = request.scope.allows("materials.edit") and request.scope.everything
    if request.method == "POST" and not may_edit:
        raise PermissionDenied("materials.edit")
    form = CategoryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        parent = Category.objects.filter(pk=form.cleaned_data["parent"]).first()
        try:
            services.category_create(form.cleaned_data["name"].strip(), parent, actor=request.user)
        except ScrmError as error:
            _tell(form, error)
        else:
            return redirect("materials:categories")
    counts = {each.pk: each.count for each in selectors.categories_counted()}  # type: ignore[attr-defined]
    rows = [(each, counts.get(each.pk, 0)) for each in selectors.categories_all()]
    context = {"rows": rows, "form": form, "may_edit": may_edit}
    return render(request, f"{FOLDER}/categories.html", context, status=422 if form.errors else 200)


@require_POST
@requires("materials.edit")
def category_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Remove an empty category."""
    if not request.scope.everything:
        raise PermissionDenied("materials.edit")
    try:
        services.category_delete(get_object_or_404(Category, pk=pk), actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    return redirect("materials:categories")


@require_GET
@requires("materials.view")
def material_file(request: ScopedRequest, pk: int, part: str) -> HttpResponseBase:
    """Give a file of a material to the console, whatever its state."""
    material = get_object_or_404(selectors.materials_visible_to(request.scope), pk=pk)
    stored = {"file": material.file, "cover": material.cover, "thumb": material.picture}.get(part)
    if stored is None:
        raise Http404
    if part == "thumb":
        return thumb_response(stored, public=False)
    return file_response(request, stored, public=False)


@public
@require_http_methods(["GET", "HEAD"])
def public_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give a file by its random address, while a material that uses it is published and valid."""
    return file_response(request, _public(token), public=True)


@public
@require_http_methods(["GET", "HEAD"])
def public_thumb(request: HttpRequest, token: str) -> HttpResponseBase:
    """Give the small copy of a picture by its random address."""
    stored = _public(token)
    if not stored.thumb:
        raise Http404
    return thumb_response(stored, public=True)


def _public(token: str) -> StoredFile:
    stored = selectors.public_file(token)
    if stored is None:
        raise Http404
    return stored
