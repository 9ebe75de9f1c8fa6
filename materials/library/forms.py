"""Forms of the library."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from materials.library.files import file_take
from materials.library.models import Category, Material, StoredFile
from materials.library.selectors import categories_all, units_choosable_by
from materials.library.services import FILE_KIND, MaterialWish
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope

Kind = Material.Kind
PICTURES = "image/jpeg,image/png,image/gif,image/webp"
ACCEPT = {
    Kind.IMAGE: PICTURES,
    Kind.POSTER: PICTURES,
    Kind.VIDEO: "video/mp4",
    Kind.FILE: ".pdf,.docx,.xlsx,.pptx",
}
# Which entries each type has besides title, summary, category, stores and validity.
FIELDS: dict[str, tuple[str, ...]] = {
    Kind.TEXT: ("text",),
    Kind.IMAGE: ("file",),
    Kind.POSTER: ("file",),
    Kind.LINK: ("url", "cover"),
    Kind.ARTICLE: ("body", "cover"),
    Kind.MINI_PROGRAM: ("appid", "page", "cover"),
    Kind.VIDEO: ("file", "cover"),
    Kind.FILE: ("file", "cover"),
}
OWN_FIELDS = frozenset(name for names in FIELDS.values() for name in names)
MINUTES = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MaterialForm(forms.Form):
    """One page for every type; it shows the entries of its type only."""

    title = forms.CharField(
        label=_("Title"), max_length=64, widget=forms.TextInput(attrs={"data-preview-title": ""})
    )
    summary = forms.CharField(
        label=_("Summary"),
        max_length=120,
        required=False,
        help_text=_("The grey line below the title in the chat."),
        widget=forms.TextInput(attrs={"data-preview-summary": ""}),
    )
    text = forms.CharField(
        label=_("Text"),
        max_length=1300,
        widget=forms.Textarea(attrs={"rows": 6, "data-preview-text": ""}),
        help_text=_("Sent as it is; WeCom does not tell who read a text."),
    )
    url = forms.CharField(
        label=_("Link address"),
        max_length=1024,
        help_text=_(
            "Begins with https://. Customers see our page first, then go on to this address."
        ),
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    body = forms.CharField(
        label=_("Article"),
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 14, "data-preview-body": ""}),
        help_text=_(
            "Plain paragraphs, or HTML of headings, lists, quotes, links and pictures of the library; everything else is removed."
        ),
    )
    appid = forms.RegexField(
        label=_("Mini program's id"),
        regex=r"^wx[0-9a-z]{16}$",
        help_text=_("wx and 16 characters."),
    )
    page = forms.RegexField(
        label=_("Page"),
        regex=r"^/?[\w./-]+\.html([?][^\s]*)?$",
        max_length=512,
        help_text=_("Ends with .html, as WeCom wants it, for example pages/goods/index.html?id=3."),
    )
    file = forms.FileField(label=_("File"), required=False)
    cover = forms.FileField(
        label=_("Cover"),
        required=False,
        help_text=_("A picture, best 5:4; drawn anew, so that nothing else travels inside it."),
        widget=forms.ClearableFileInput(attrs={"accept": PICTURES}),
    )
    category = forms.TypedChoiceField(
        label=_("Category"), required=False, coerce=int, empty_value=None
    )
    units = forms.TypedMultipleChoiceField(
        label=_("Visible to"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    valid_from = forms.DateTimeField(label=_("Valid from"), required=False, widget=MINUTES)
    valid_until = forms.DateTimeField(
        label=_("Valid until"),
        required=False,
        widget=MINUTES,
        help_text=_(
            "Afterwards guides cannot send it, and pages already sent say that it is over."
        ),
    )

    def __init__(self, *args: Any, kind: str, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = Kind(kind)
        for name in OWN_FIELDS - set(FIELDS[self.kind]):
            del self.fields[name]
        if "file" in self.fields:
            self.fields["file"].widget.attrs["accept"] = ACCEPT[self.kind]
        blank = [("", _("No category"))]
        categories = [(each.pk, _indented(each)) for each in categories_all()]
        self.fields["category"].choices = [*blank, *categories]  # type: ignore[attr-defined]
        units = [(unit.pk, _unit_words(unit)) for unit in units_choosable_by(scope)]
        self.fields["units"].choices = units  # type: ignore[attr-defined]
        self.fields["units"].help_text = (
            _("None ticked: every store.") if scope.everything else _("At least one of yours.")
        )

    def wish(self, actor: Any) -> MaterialWish:
        """Return the valid form as what the service takes; files are kept. Raises ValidationFailed with `field`."""
        values = self.cleaned_data
        return MaterialWish(
            title=values["title"].strip(),
            summary=values["summary"].strip(),
            category_id=values["category"],
            text=values.get("text", "").replace("\r\n", "\n").strip(),
            body=values.get("body", "").strip(),
            url=values.get("url", "").strip(),
            appid=values.get("appid", ""),
            page=values.get("page", ""),
            unit_ids=tuple(values["units"]),
            valid_from=values["valid_from"],
            valid_until=values["valid_until"],
            file=self._taken("file", FILE_KIND.get(self.kind), actor),
            cover=self._taken("cover", StoredFile.Kind.IMAGE, actor),
        )

    def _taken(self, field: str, kind: Any, actor: Any) -> StoredFile | None:
        upload = self.cleaned_data.get(field)
        if not upload or kind is None:
            return None
        try:
            return file_take(upload, kind, actor=actor)
        except ValidationFailed as failure:
            failure.data["field"] = field
            raise


def _indented(category: Category) -> str:
    return f"— {category.name}" if category.parent_id else category.name


def _unit_words(unit: Any) -> str:
    depth = unit.path.count("/") - 2
    return f"{'— ' * max(depth, 0)}{unit.name} ({unit.get_kind_display()})"


def initial_of(material: Material) -> dict[str, Any]:
    """Return the form's first values for a stored material."""
    names = (
        "title",
        "summary",
        "text",
        "url",
        "body",
        "appid",
        "page",
        "valid_from",
        "valid_until",
    )
    values = {name: getattr(material, name) for name in names}
    units = list(material.units.values_list("pk", flat=True))
    return values | {"category": material.category_id, "units": units}


class ReviewForm(forms.Form):
    """The reviewer's words."""

    note = forms.CharField(
        label=_("Note to the author"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CategoryForm(forms.Form):
    """A new category."""

    name = forms.CharField(label=_("Name"), max_length=30)
    parent = forms.TypedChoiceField(label=_("Below"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tops = [(each.pk, each.name) for each in categories_all() if each.parent_id is None]
        self.fields["parent"].choices = [("", _("Top level")), *tops]  # type: ignore[attr-defined]


class MaterialFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Words, type, category and status, kept in the URL; archived ones only when asked for."""

    q = django_filters.CharFilter(method="by_words", label=_("Title or summary"))
    kind = django_filters.ChoiceFilter(
        choices=Kind.choices, label=_("Type"), empty_label=_("Any type")
    )
    category = django_filters.ChoiceFilter(
        method="by_category", label=_("Category"), empty_label=_("Any category")
    )
    status = django_filters.ChoiceFilter(
        choices=Material.Status.choices, label=_("Status"), empty_label=_("Not archived")
    )

    class Meta:
        model = Material
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(each.pk, _indented(each)) for each in categories_all()]
        self.filters["category"].extra["choices"] = rows

    def by_words(self, queryset: QuerySet[Material], _name: str, value: str) -> QuerySet[Material]:
        """Keep what has the words in its title or summary."""
        return queryset.filter(Q(title__icontains=value) | Q(summary__icontains=value))

    def by_category(
        self, queryset: QuerySet[Material], _name: str, value: str
    ) -> QuerySet[Material]:
        """Keep a category and those below it."""
        return queryset.filter(Q(category=int(value)) | Q(category__parent=int(value)))

    def filter_queryset(self, queryset: QuerySet[Material]) -> QuerySet[Material]:
        """Leave archived ones out unless they are asked for."""
        found: QuerySet[Material] = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("status"):
            found = found.exclude(status=Material.Status.ARCHIVED)
        return found
