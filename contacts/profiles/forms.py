"""Forms of the cards: one template, and its lines."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.profiles.limits import MOST_CHARACTERS, MOST_ITEMS, lines_problems, text_problem
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.services import TemplateDraft
from scrm.core.scope import Scope

Kind = ProfileTemplate.ItemKind


def _minutes() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class TemplateForm(forms.Form):
    """Whom a card is meant for, when, and what stands above its lines."""

    name = forms.CharField(
        label=gettext_lazy("Name of the template"),
        max_length=64,
        help_text=gettext_lazy("Only we see it."),
    )
    unit = forms.CharField(
        label=gettext_lazy("Code of the branch, dealer or store"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Blank: the whole company. The nearest template goes first."),
    )
    posts = forms.CharField(
        label=gettext_lazy("Posts"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line, spelled as in the OA. Blank: every post."),
    )
    starts_at = forms.DateTimeField(
        label=gettext_lazy("Campaign begins"),
        required=False,
        widget=_minutes(),
        help_text=gettext_lazy("Blank: the card lasts. A campaign goes before it."),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Campaign ends"),
        required=False,
        widget=_minutes(),
        help_text=gettext_lazy(
            "From then on the accounts show their lasting card again, by itself."
        ),
    )
    corp_name = forms.CharField(
        label=gettext_lazy("Company name shown"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"data-card": "corp"}),
        help_text=gettext_lazy(
            "One of the short names set in WeCom's admin. Blank: as in the template that goes next, else as it was."
        ),
    )
    position_text = forms.CharField(
        label=gettext_lazy("Position shown"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"data-card": "position", "data-limit": MOST_CHARACTERS}),
        help_text=gettext_lazy("Blank: as in the template that goes next, else as it was."),
    )
    channels_name = forms.CharField(
        label=gettext_lazy("Video account"),
        max_length=64,
        required=False,
        help_text=gettext_lazy(
            "Name of one bound to the company. Blank: as in the template that goes next, else as it was."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Needed where many accounts change: a second person decides."),
    )

    def __init__(
        self, *args: Any, scope: Scope, template: ProfileTemplate | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._scope = scope
        if template is None or template.status != ProfileTemplate.Status.PUBLISHED:
            del self.fields["reason"]

    def why(self) -> str:
        """Return why a published template is to change, "" where nobody said."""
        return str(self.cleaned_data.get("reason", "")).strip()

    def clean_unit(self) -> OrgUnit | None:
        """Turn the code into a part of the organisation within the scope."""
        code = self.cleaned_data["unit"].strip()
        if not code:
            return None
        unit = org_units_visible_to(self._scope).filter(code=code).first()
        if unit is None:
            raise forms.ValidationError(_("There is no branch, dealer or store with this code."))
        return unit

    def clean_posts(self) -> list[str]:
        """Return the posts, each once."""
        lines = (line.strip() for line in self.cleaned_data["posts"].splitlines())
        return list(dict.fromkeys(line for line in lines if line))

    def clean_position_text(self) -> str:
        """Check the length and the variables."""
        text: str = self.cleaned_data["position_text"].strip()
        if words := text_problem(text):
            raise forms.ValidationError(words)
        return text


def _box(field: str, limit: int | None = None) -> forms.TextInput:
    attrs = {"data-line": field} | ({} if limit is None else {"data-limit": str(limit)})
    return forms.TextInput(attrs=attrs)


class LineForm(forms.Form):
    """One line of a card; without a kind it is not used."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[("", gettext_lazy("not used")), *Kind.choices],
        required=False,
        widget=forms.Select(attrs={"data-line": "kind"}),
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the line"),
        max_length=64,
        required=False,
        widget=_box("name", MOST_CHARACTERS),
    )
    value = forms.CharField(
        label=gettext_lazy("What customers read"),
        max_length=200,
        required=False,
        widget=_box("value", MOST_CHARACTERS),
    )
    address = forms.CharField(
        label=gettext_lazy("Web address, or page of the mini program"),
        max_length=1024,
        required=False,
        widget=_box("address"),
    )
    appid = forms.CharField(
        label=gettext_lazy("AppID of the mini program"),
        max_length=32,
        required=False,
        widget=_box("appid"),
    )


class BaseLines(forms.BaseFormSet):  # type: ignore[type-arg]
    """The lines of a card, checked as WeCom would."""

    def clean(self) -> None:
        """Say at each field what WeCom would refuse."""
        if any(self.errors):
            return
        used = [form for form in self.forms if form.cleaned_data.get("kind")]
        for number, problems in lines_problems(self.items).items():
            for field, words in problems.items():
                used[number].add_error(field, words)

    def is_valid(self) -> bool:
        """Count what `clean` said at the fields, too."""
        return super().is_valid() and not any(form.errors for form in self.forms)

    @property
    def items(self) -> list[dict[str, str]]:
        """Return the used lines as a template keeps them."""
        return [
            {
                name: str(data[name]).strip()
                for name in ("kind", "name", "value", "address", "appid")
            }
            for form in self.forms
            if (data := form.cleaned_data).get("kind")
        ]


LineFormSet = forms.formset_factory(
    LineForm, formset=BaseLines, extra=MOST_ITEMS, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS
)


def draft_of(form: TemplateForm, lines: Any) -> TemplateDraft:
    """Return what was entered, once both are valid."""
    fields = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
    return TemplateDraft(**fields, items=lines.items)


class AcceptForm(forms.Form):
    """Why a card may stay as somebody changed it; `seen` is the card that was looked at."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The audit keeps it."),
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


def initial_of(template: ProfileTemplate) -> dict[str, Any]:
    """Return a template as its form shows it."""
    return {
        "name": template.name,
        "unit": template.unit.code if template.unit is not None else "",
        "posts": "\n".join(template.posts),
        "starts_at": template.starts_at,
        "ends_at": template.ends_at,
        "corp_name": template.corp_name,
        "position_text": template.position_text,
        "channels_name": template.channels_name,
    }
