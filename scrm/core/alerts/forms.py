"""Forms of alert channels."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scrm.core.alerts import services
from scrm.core.alerts.models import AlertChannel, AlertLevel
from scrm.core.exceptions import ValidationFailed


class ChannelForm(forms.Form):
    """A receiver of alerts; the address is written, never shown again."""

    name = forms.CharField(label=_("Name"), max_length=64)
    url = forms.CharField(
        label=_("Webhook address"),
        max_length=300,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("In the WeCom group: robot, copy address."),
    )
    level = forms.ChoiceField(
        label=_("From level"), choices=AlertLevel.choices, initial=AlertLevel.WARNING
    )
    is_active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def __init__(self, *args: Any, channel: AlertChannel | None = None, **kwargs: Any) -> None:
        self.channel = channel
        if channel is not None:
            kwargs.setdefault(
                "initial",
                {"name": channel.name, "level": channel.level, "is_active": channel.is_active},
            )
        super().__init__(*args, **kwargs)
        self.fields["url"].required = channel is None
        if channel is not None:
            self.fields["url"].help_text = _("Leave empty to keep the stored one.")

    def clean_url(self) -> str:
        """Accept only addresses of WeCom's robots."""
        url: str = self.cleaned_data["url"].strip()
        if url:
            try:
                services.robot_of(url)
            except ValidationFailed as error:
                raise forms.ValidationError(error.message) from None
        return url

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name: str = self.cleaned_data["name"].strip()
        taken = AlertChannel.objects.filter(name=name)
        if self.channel is not None:
            taken = taken.exclude(pk=self.channel.pk)
        if taken.exists():
            raise forms.ValidationError(_("Another channel has this name."))
        return name
