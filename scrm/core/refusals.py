"""A service's refusal is shown where the person is: in the form they filled in, or as a message on the next page."""

from types import TracebackType

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from scrm.core.exceptions import ScrmError


class _Refusal:
    """Takes a typed error of the block and says its words; anything else goes on its way."""

    def __enter__(self) -> None:
        """Begin what a service may refuse."""

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> bool:
        """End it; the block is left after a refusal, and what follows shows the page again."""
        if not isinstance(error, ScrmError):
            return False
        self._say(error)
        return True

    def _say(self, error: ScrmError) -> None:
        raise error


class RefusalInForm(_Refusal):
    """Puts the words beside a field (None: above the form)."""

    def __init__(self, form: forms.BaseForm, field: str | None = None) -> None:
        self._form, self._field = form, field

    def _say(self, error: ScrmError) -> None:
        self._form.add_error(self._field, error.message)


class RefusalAsMessage(_Refusal):
    """Says the words on the page the person goes to next."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def _say(self, error: ScrmError) -> None:
        messages.error(self._request, error.message)
