"""What somebody searched for, sealed for the address: a phone or a name in it would be kept in logs and histories."""

import base64
import binascii
from typing import Any

import django_filters
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _

from scrm.core.crypto import DecryptionError, decrypt, encrypt
from scrm.core.exceptions import ValidationFailed

# The field of the search form, and what stands in the address for it.
TEXT, SEALED = "q", "s"
MOST_CHARACTERS = 64


def sealed_text(user_id: int, text: str) -> str:
    """Return a text as it may stand in an address; only this person's requests can read it."""
    plain = text.replace("\x00", "")[:MOST_CHARACTERS]
    sealed = encrypt(plain.encode("utf-8", "replace"), _aad(user_id))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def opened_text(user_id: int, token: str) -> str:
    """Return the text. Raises ValidationFailed for another person's token and for a broken one: a list that
    forgot its search would act on everybody.
    """
    if not token:
        return ""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return decrypt(sealed, _aad(user_id)).decode()
    except (DecryptionError, binascii.Error, ValueError):
        raise ValidationFailed(
            _("This search was made by somebody else, or long ago. Search again."),
            code="search_sealed",
        ) from None


def searched_text(request: HttpRequest) -> str:
    """Return what a list is searched for: the sealed text of the address, else its open one."""
    user_id = request.user.pk
    if user_id is not None and SEALED in request.GET:
        return opened_text(int(user_id), request.GET[SEALED])
    return request.GET.get(TEXT, "")


def sealed_redirect(request: HttpRequest, given: QueryDict) -> HttpResponseRedirect:
    """Lead to the same page with the filters given and the search sealed."""
    query = given.copy()
    for name in ("csrfmiddlewaretoken", "after", SEALED):
        query.pop(name, None)
    texts = query.pop(TEXT, [""])
    for name in [name for name in query if not any(query.getlist(name))]:
        del query[name]
    text = str(texts[-1]).strip()
    if text and request.user.pk is not None:
        query[SEALED] = sealed_text(int(request.user.pk), text)
    return HttpResponseRedirect(f"{request.path}?{query.urlencode()}" if query else request.path)


class SearchedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """A FilterSet with a `q`: its form is posted, and its text comes sealed in the address."""

    is_posted = True

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        """Put the text where the filter looks for it."""
        request = kwargs.get("request")
        if data is not None and request is not None:
            data = data.copy()
            data[TEXT] = searched_text(request)
        super().__init__(data, *args, **kwargs)


def _aad(user_id: int) -> bytes:
    return f"searched\x1f{user_id}".encode()
