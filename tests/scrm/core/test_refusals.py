"""Refusals in words stay with the person; faults of ours go on their way."""

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory

from scrm.core.exceptions import Conflict
from scrm.core.refusals import RefusalAsMessage, RefusalInForm


class FileForm(forms.Form):
    file = forms.CharField()


def test_a_refusal_stands_beside_its_field() -> None:
    form = FileForm({"file": "x"})
    assert form.is_valid()

    with RefusalInForm(form, "file"):
        raise Conflict("Sent in already.")

    assert form.errors == {"file": ["Sent in already."]}


def test_a_refusal_is_said_on_the_next_page() -> None:
    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]

    with RefusalAsMessage(request):
        raise Conflict("Decided already.")

    assert [str(message) for message in get_messages(request)] == ["Decided already."]


def test_a_fault_of_ours_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError), RefusalInForm(FileForm({})):
        raise ZeroDivisionError
