"""Forms of the profile."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.profile.mark_models import CountMark, ServeRule
from customers.profile.services import MOST_CHARACTERS
from customers.tags.models import LocalTag
from scrm.core.days import DayInput


class NoteForm(forms.Form):
    """What was agreed, and when to come back."""

    text = forms.CharField(
        label=_("Note"),
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    next_on = forms.DateField(
        label=_("Come back on"),
        required=False,
        widget=DayInput(),
        help_text=_(
            "It becomes a task of whoever serves them: its author, else the guide who added them last."
        ),
    )


class StopForm(forms.Form):
    """Why a customer does not want to be contacted, or may be contacted again."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Your name, the time and this reason are kept in the audit log."),
    )


class LocalTagsForm(forms.Form):
    """Which of our own tags a customer wears."""

    tags = forms.TypedMultipleChoiceField(
        label=_("Local tags"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("On the customer, here only."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        living = LocalTag.objects.filter(deleted_at=None).order_by("order", "name")
        self.fields["tags"].choices = list(living.values_list("pk", "name"))  # type: ignore[attr-defined]


class MarkForm(forms.Form):
    """What a customer is for figures, and why."""

    kind = forms.ChoiceField(label=_("Is a"), choices=CountMark.Kind.choices)
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        help_text=_("Figures are added up again; your name and this reason are in the audit log."),
    )


class MarkListForm(forms.Form):
    """Many at once: one member number, external_userid or phone a line."""

    kind = forms.ChoiceField(
        label=_("They are"),
        choices=[
            (CountMark.Kind.STAFF.value, CountMark.Kind.STAFF.label),
            (CountMark.Kind.TEST.value, CountMark.Kind.TEST.label),
        ],
    )
    lines = forms.CharField(
        label=_("List"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line: member number, external_userid or phone number. Paste it."),
    )
    reason = forms.CharField(label=_("Why"), max_length=200)


class RuleForm(forms.Form):
    """What may be changed of a built-in rule."""

    is_active = forms.BooleanField(label=_("In force"), required=False)
    days = forms.IntegerField(
        label=_("Days (or times)"), min_value=1, max_value=3650, required=False
    )
    position = forms.IntegerField(
        label=_("Position"),
        min_value=1,
        max_value=999,
        help_text=_("Small comes first; three are shown."),
    )
    text = forms.CharField(
        label=_("Your words"),
        max_length=100,
        required=False,
        help_text=_("Empty: the words it comes with, in the reader's language."),
    )


class OwnRuleForm(forms.Form):
    """A rule of the company's own."""

    when = forms.ChoiceField(
        label=_("For whoever"),
        choices=[
            (ServeRule.When.TAG.value, ServeRule.When.TAG.label),
            (ServeRule.When.LEVEL.value, ServeRule.When.LEVEL.label),
        ],
    )
    value = forms.CharField(
        label=_("Tag or level"),
        max_length=64,
        help_text=_("Its name exactly: a tag of WeCom or of the member system, or a level."),
    )
    text = forms.CharField(
        label=_("What to do"), max_length=100, help_text=_("One sentence a guide can act on.")
    )
    position = forms.IntegerField(label=_("Position"), min_value=1, max_value=999, initial=5)
    is_active = forms.BooleanField(label=_("In force"), required=False, initial=True)
