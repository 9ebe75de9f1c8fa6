"""Forms of the tags page."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.tags.services import NAME_LIMIT


def names_of(text: str) -> list[str]:
    """Return the names in a text: one a line, or parted by commas of either language."""
    return [name.strip() for name in re.split(r"[\n,;\uff0c\uff1b\u3001]", text) if name.strip()]


class TagCreateForm(forms.Form):
    """A group by name, and the tags to make in it."""

    group_name = forms.CharField(
        label=_("Tag group"),
        max_length=NAME_LIMIT,
        help_text=_("A group of this name is used, or made."),
    )
    names = forms.CharField(
        label=_("Tags"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One tag a line, at most 30 characters each."),
    )

    def clean_names(self) -> list[str]:
        """Split the text into names."""
        return names_of(self.cleaned_data["names"])


class NameForm(forms.Form):
    """Another name for a group or a tag."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LIMIT)


class NamesForm(forms.Form):
    """Names of more tags for a group, or of local tags."""

    names = forms.CharField(
        label=_("New tags"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One tag a line, at most 30 characters each."),
    )

    def clean_names(self) -> list[str]:
        """Split the text into names."""
        return names_of(self.cleaned_data["names"])
