"""What the public page's script may say, and the filters of the reach page."""

import django_filters
from django import forms
from django.utils.translation import gettext_lazy as _

from materials.library.models import Material


class BeatForm(forms.Form):
    """A sign of life names the opening it belongs to, nothing else."""

    view = forms.UUIDField()


class ReachFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Title and type, kept in the URL."""

    title = django_filters.CharFilter(lookup_expr="icontains", label=_("Title"))
    kind = django_filters.ChoiceFilter(
        choices=Material.Kind.choices, label=_("Type"), empty_label=_("Any type")
    )

    class Meta:
        model = Material
        fields: tuple[str, ...] = ()
