"""Forms of files and sources."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers.intake.kinds import KINDS
from customers.intake.models import FactKind, PullSource
from scrm.core.excel.guard import MAX_UPLOAD_BYTES
from scrm.core.feeds.forms import REST_OPTIONS, RestFields, need_path
from scrm.core.feeds.hosts import HTTP, origins
from scrm.core.feeds.rest import ROLE_OF_ONE


class FactFileForm(forms.Form):
    """A file of facts."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "XLSX or CSV with a header row, at most 20 MB. The next page shows what was understood."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def clean_file(self) -> object:
        """Refuse what is too large before anything is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(limit)d MB. Split it."),
                params={"limit": MAX_UPLOAD_BYTES // 1024 // 1024},
            )
        return file


class SourceForm(RestFields):
    """A system that answers JSON, and when it is asked."""

    field_order = ("name", "kind", "origin", "path")

    name = forms.CharField(label=_("Name"), max_length=64)
    kind = forms.ChoiceField(label=_("What it holds"), choices=FactKind.choices)
    origin = forms.ChoiceField(
        label=_("Host"), help_text=_("IT names the hosts in SCRM_CRM_HOSTS; no other can be asked.")
    )
    path = forms.CharField(label=_("Path"), max_length=500, help_text=_("For example /api/orders"))
    lines_path = forms.CharField(
        label=_("Where an order's lines stand in it"),
        max_length=200,
        required=False,
        help_text=_("Only for orders, for example items."),
    )
    since_param = forms.RegexField(
        r"^[A-Za-z0-9_.-]{1,64}$",
        label=_("Parameter of “changed since”"),
        required=False,
        help_text=_("With it only what changed since the last reading is asked for."),
    )
    rhythm = forms.ChoiceField(label=_("Read"), choices=PullSource.Rhythm.choices)
    daily_at = forms.TimeField(
        label=_("Time of day"),
        initial="03:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Only for once a day."),
    )

    def __init__(self, *args: Any, source: PullSource | None = None, **kwargs: Any) -> None:
        self.source = source
        if source is not None:
            kwargs["initial"] = _stored(source)
        super().__init__(*args, **kwargs)
        allowed = origins(settings.CRM_HOSTS, HTTP)
        self.fields["origin"].choices = [(each, each) for each in allowed]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Refuse a name that another source has."""
        name = str(self.cleaned_data["name"]).strip()
        others = PullSource.objects.filter(name=name)
        if self.source is not None:
            others = others.exclude(pk=self.source.pk)
        if others.exists():
            raise forms.ValidationError(_("Another source has this name."))
        return name

    def clean_path(self) -> str:
        """Refuse what would name another host."""
        return self.address_path("path")

    def clean(self) -> dict[str, Any]:
        """Refuse a path of the lines that cannot be read."""
        data = super().clean()
        need_path(self, "lines_path")
        return data

    @property
    def has_secret(self) -> bool:
        """Return whether a secret is stored already."""
        return self.source is not None and bool(self.source.secret)

    def filled(self) -> PullSource:
        """Return the source with what was entered, unsaved."""
        data = self.cleaned_data
        source = self.source or PullSource()
        if source.kind != data["kind"]:
            source.mapping = {}
        source.options = {name: data[name] for name in REST_OPTIONS}
        source.options["paths"] = {ROLE_OF_ONE: data["path"]}
        for name in ("name", "kind", "lines_path", "since_param", "rhythm", "daily_at"):
            setattr(source, name, data[name])
        return source


class MappingForm(forms.Form):
    """A path for each field of one kind."""

    def __init__(self, data: Any = None, *, source: PullSource, guessed: dict[str, str]) -> None:
        super().__init__(data)
        kind = KINDS[source.kind]
        self.names = kind.fields
        for name, header in kind.template(get_language() or ""):
            self.fields[name] = forms.CharField(
                label=name if header == name else f"{header} · {name}",
                max_length=200,
                required=name in kind.needed,
                initial=source.mapping.get(name) or guessed.get(name, ""),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse paths that cannot be read, beside their field."""
        data = super().clean() or {}
        for name in self.names:
            need_path(self, name)
        return data

    def chosen(self) -> dict[str, str]:
        """Return the filled paths."""
        return {name: path for name in self.names if (path := self.cleaned_data[name].strip())}


def _stored(source: PullSource) -> dict[str, Any]:
    known = {name: source.options.get(name, "") for name in REST_OPTIONS}
    known["path"] = source.options.get("paths", {}).get(ROLE_OF_ONE, "")
    names = ("name", "kind", "lines_path", "since_param", "rhythm", "daily_at")
    return known | {name: getattr(source, name) for name in names}
