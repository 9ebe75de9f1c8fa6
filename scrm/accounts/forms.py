"""The break-glass log-in form."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.utils.translation import gettext_lazy as _


class PasswordLoginForm(AuthenticationForm):
    """User name and password, with words that do not tell which of the two was wrong."""

    error_messages = {
        "invalid_login": _(
            "The user name or the password is wrong. After several wrong tries the log-in is locked for a while."
        ),
        "inactive": _("This account is switched off. Ask the IT administrator."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password"].label = _("Password")
