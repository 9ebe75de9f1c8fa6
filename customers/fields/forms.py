"""Forms of customer fields: what a field is, and values as a person types them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.roles.models import Role
from customers.fields.models import FieldDefinition
from customers.fields.selectors import ShownField
from customers.fields.services import FieldWish
from customers.fields.values import MOST_CHARACTERS
from scrm.core.days import DayInput

PREFIX, REMOVE = "field-", "remove-"
Type = FieldDefinition.Type


class FieldForm(forms.Form):
    """What may be changed of a field at any time."""

    name = forms.CharField(
        label=_("Name"), max_length=32, help_text=_("As guides read it, such as “Shoe size”.")
    )
    purpose = forms.CharField(
        label=_("What it is for"),
        max_length=200,
        help_text=_(
            "Stands under Privacy, how long we keep it: data without a purpose may not be kept."
        ),
    )
    retention = forms.ChoiceField(
        label=_("Kept how long"),
        choices=FieldDefinition.Retention.choices,
        help_text=_("After that the values are deleted by themselves."),
    )
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, for a field with choices. Values chosen before stay readable."),
    )
    seen_by = forms.MultipleChoiceField(
        label=_("Seen by"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Other roles do not know of the field. The masks of a role hold for values, too."
        ),
    )
    edited_by = forms.MultipleChoiceField(
        label=_("Changed by"), required=False, widget=forms.CheckboxSelectMultiple
    )
    position = forms.IntegerField(
        label=_("Position"),
        min_value=1,
        max_value=999,
        initial=100,
        help_text=_("Small comes first."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = [(role.code, str(role)) for role in Role.objects.all()]
        for name in ("seen_by", "edited_by"):
            self.fields[name].choices = roles  # type: ignore[attr-defined]

    @property
    def wish(self) -> FieldWish:
        """Return what was asked for."""
        data = self.cleaned_data
        return FieldWish(
            name=data["name"],
            purpose=data["purpose"],
            retention=data["retention"],
            seen_by=data["seen_by"],
            edited_by=data["edited_by"],
            choices=data["choices"].splitlines(),
            position=data["position"],
        )


class NewFieldForm(FieldForm):
    """A new field: also what can never be changed."""

    key = forms.RegexField(
        label=_("Key"),
        regex=r"^[a-z][a-z0-9_]{0,31}$",
        help_text=_(
            "For rules and filters: small letters, digits and _, such as shoe_size. Never changes."
        ),
        error_messages={"invalid": _("Small letters, digits and _; a letter first.")},
    )
    type = forms.ChoiceField(label=_("Type"), choices=Type.choices, help_text=_("Never changes."))
    data_class = forms.ChoiceField(
        label=_("Class of data"),
        choices=FieldDefinition.Class.choices,
        help_text=_(
            "Identity, contact and message lie encrypted and are searched by equality only."
        ),
    )
    record = forms.ChoiceField(
        label=_("Belongs to"),
        choices=FieldDefinition.Record.choices,
        help_text=_("Values hang there; when two people turn out to be two, each keeps its own."),
    )
    field_order = ("name", "key", "type", "choices", "purpose", "data_class", "record", "retention")


class ValuesForm(forms.Form):
    """The fields of one customer that this person may change."""

    def __init__(self, shown: Iterable[ShownField], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in shown:
            if one.may_edit:
                self.fields[PREFIX + one.field.key] = _control(one)
            if one.may_edit and one.masked:
                label = gettext("Remove this value: %(field)s") % {"field": one.field.name}
                self.fields[REMOVE + one.field.key] = forms.BooleanField(
                    label=label, required=False
                )

    def clean(self) -> dict[str, Any]:
        """Refuse to remove a value and to give another one at once."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for key in self.removed():
            if data.get(PREFIX + key) not in (None, "", []):
                self.refuse(key, gettext("Give a new value or remove the old one, not both."))
        return data

    def raw(self) -> dict[str, Any]:
        """Return what was typed by key of the field."""
        typed = self.cleaned_data.items()
        return {
            name.removeprefix(PREFIX): value for name, value in typed if name.startswith(PREFIX)
        }

    def removed(self) -> frozenset[str]:
        """Return the keys of the fields whose masked value shall go."""
        ticked = self.cleaned_data.items()
        return frozenset(
            name.removeprefix(REMOVE) for name, on in ticked if name.startswith(REMOVE) and on
        )

    def refuse(self, key: str, words: str) -> None:
        """Show a refusal beside the field it is about."""
        name = PREFIX + key
        self.add_error(name if name in self.fields else None, words)


def _control(one: ShownField) -> forms.Field:
    field = one.field
    common: dict[str, Any] = {
        "label": field.name,
        "required": False,
        "initial": one.value,
        "help_text": _hint(one),
    }
    if field.type == Type.CHOICE:
        return forms.ChoiceField(choices=[("", "—"), *_pairs(field, one.value)], **common)
    if field.type == Type.CHOICES:
        return forms.MultipleChoiceField(
            choices=_pairs(field, one.value), widget=forms.CheckboxSelectMultiple, **common
        )
    if field.type == Type.YES_NO:
        known = {True: "yes", False: "no"}
        common["initial"] = known.get(one.value, "") if isinstance(one.value, bool) else ""
        options = [("", "—"), ("yes", gettext("yes")), ("no", gettext("no"))]
        return forms.ChoiceField(choices=options, **common)
    return forms.CharField(max_length=MOST_CHARACTERS, widget=_input(one), **common)


def _hint(one: ShownField) -> str:
    if one.masked:
        return gettext("Now: %(value)s. Leave it empty to keep that.") % {"value": one.text}
    return one.field.purpose


def _pairs(field: FieldDefinition, value: Any) -> list[tuple[str, str]]:
    """A value that is no choice any more can stay."""
    held = value if isinstance(value, list) else [value] if value else []
    return [(each, each) for each in dict.fromkeys([*field.choices, *held])]


def _input(one: ShownField) -> forms.Widget:
    if one.field.type == Type.DATE:
        return DayInput()
    if one.field.type == Type.NUMBER:
        return forms.TextInput(attrs={"inputmode": "decimal"})
    if one.field.type == Type.PHONE:
        return forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    return forms.TextInput()
