"""Forms of the tags page."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.tags.services import NAME_LIMIT


class TagCreateForm(forms.Form):
    """A group by name, and the tags to make in it."""

    group_name = forms.CharField(
        label=_("Group"),
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
        names: str = self.cleaned_data["names"]
        return [
            name.strip() for name in re.split(r"[\n,;\uff0c\uff1b\u3001]", names) if name.strip()
        ]
