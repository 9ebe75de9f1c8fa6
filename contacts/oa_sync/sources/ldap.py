"""An LDAP directory or Active Directory: organisational units are departments, persons are employees."""

import ssl
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import ldap3
from django.conf import settings
from django.utils.translation import gettext as _
from ldap3.core.exceptions import LDAPException, LDAPInvalidDnError
from ldap3.core.results import RESULT_SUCCESS
from ldap3.utils.dn import parse_dn

from contacts.oa_sync.sources.protocol import ALLOWED_BY
from scrm.core.exceptions import ExternalFailure
from scrm.core.feeds.hosts import LDAP, need_allowed, need_reachable
from scrm.core.feeds.records import Feed, Record

CONNECT_SECONDS = 5
RECEIVE_SECONDS = 30
PAGE = 500
# Bit of Active Directory's userAccountControl: the account is switched off.
AD_DISABLED = 2
LEADER = "manager"
# Active Directory names these beside every domain's root; no unit and no person lies there.
TECHNICAL = frozenset({"dc=domaindnszones", "dc=forestdnszones", "cn=configuration", "cn=schema"})


@dataclass(frozen=True)
class LdapSettings:
    """Where to look: a base and a filter by role. `starttls` secures an ldap:// connection before the password."""

    origin: str
    bind_dn: str
    bases: dict[str, str]
    filters: dict[str, str]
    starttls: bool = False
    secret: str = field(default="", repr=False)


class LdapFeed(Feed):
    """Reads entries as records: attributes, `dn`, `parent.<attribute>` and `leader.<attribute>`, `enabled` (AD)."""

    def __init__(self, settings: LdapSettings) -> None:
        self._settings = settings

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the entries of a role; raises ValidationFailed and ExternalFailure (see Feed)."""
        try:
            with self._connected() as connection:
                units = self._entries(connection, "departments")
                own = units if role == "departments" else self._entries(connection, role, limit)
        except LDAPException as failure:
            raise ExternalFailure(
                _("The directory at %(origin)s cannot be read: %(said)s")
                % {"origin": self._settings.origin, "said": _said(failure)},
                code="oa_ldap",
            ) from None
        for count, (key, entry) in enumerate(own.items(), 1):
            yield Record(count + 1, _record(key, entry, units, own))
            if count == limit:
                return

    def _connected(self) -> Any:
        host, port = need_allowed(
            self._settings.origin, LDAP, listed=settings.OA_HOSTS, listed_in=ALLOWED_BY
        )
        need_reachable(host, port, listed_in=ALLOWED_BY)
        secure = self._settings.origin.startswith("ldaps:")
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED)
        server = ldap3.Server(
            host, port=port, use_ssl=secure, tls=tls, get_info=ldap3.NONE,
            connect_timeout=CONNECT_SECONDS,
        )  # fmt: skip
        connection = ldap3.Connection(
            server, user=self._settings.bind_dn, password=self._settings.secret, read_only=True,
            receive_timeout=RECEIVE_SECONDS, auto_referrals=False, raise_exceptions=True,
            check_names=False,
        )  # fmt: skip
        connection.open()
        if self._settings.starttls and not secure:
            connection.start_tls()
        connection.bind()
        return connection

    def _entries(
        self, connection: Any, role: str, limit: int | None = None
    ) -> dict[str, Mapping[str, Any]]:
        """Return attributes by normalised DN; raises where the directory cut the answer short or sends us on."""
        base, wanted = self._settings.bases[role], self._settings.filters[role]
        found: dict[str, Mapping[str, Any]] = {}
        for entry in connection.extend.standard.paged_search(
            base, wanted, search_scope=ldap3.SUBTREE, attributes=[ldap3.ALL_ATTRIBUTES, "+"],
            paged_size=PAGE, generator=True,
        ):  # fmt: skip
            if entry.get("type") == "searchResRef":
                _need_technical(entry["uri"])
            if entry.get("type") != "searchResEntry":
                continue
            found[_key(entry["dn"])] = {"dn": entry["dn"], **_plain(entry["raw_attributes"])}
            if limit is not None and len(found) >= limit:
                return found
        result = connection.result or {}
        if result.get("result") != RESULT_SUCCESS:
            raise ExternalFailure(
                _(
                    "The directory gave only a part of its entries (%(said)s). Nothing was taken over."
                )
                % {"said": result.get("description", "")},
                code="oa_incomplete",
            )
        return found


def _need_technical(addresses: Sequence[str]) -> None:
    """Raise ExternalFailure where a part of the tree lies on another server: its people would count as gone."""
    parts = [unquote(urlsplit(address).path).lstrip("/") for address in addresses]
    if any(_parts(dn)[0] in TECHNICAL for dn in parts):
        return
    raise ExternalFailure(
        _(
            "A part of the tree lies on another server (%(place)s), which is not asked, so the rest is not the whole. "
            "Nothing was taken over. Choose a base that this server holds itself, or ask a server that holds "
            "everything (in Active Directory a global catalog)."
        )
        % {"place": ", ".join(addresses)[:200]},
        code="oa_incomplete",
    )


def _said(failure: LDAPException) -> str:
    return " ".join(str(failure).split())[:200]


def _parts(dn: str) -> list[str]:
    """Return the steps of a DN, the lowest first; what is no DN is one step."""
    try:
        return [f"{name}={value}".lower() for name, value, _mark in parse_dn(dn, strip=True)]
    except LDAPInvalidDnError:
        return [dn.lower()]


def _key(dn: str) -> str:
    return ",".join(_parts(dn))


def _plain(attributes: Mapping[str, list[bytes]]) -> dict[str, Any]:
    """Return attributes as text; several values as a list, ids that are no text as hex."""
    return {
        name: texts[0] if len(texts) == 1 else texts
        for name, values in attributes.items()
        if (texts := [as_text(value) for value in values])
    }


def as_text(value: bytes) -> str:
    """Return a value as its text; bytes that no person wrote (ids, SIDs) as hex."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()
    unwritten = any(unicodedata.category(char) == "Cc" and char not in "\t\r\n" for char in text)
    return value.hex() if unwritten else text


def _parent(key: str) -> str:
    """Return the normalised DN one level above."""
    return ",".join(_parts(key)[1:])


def _record(
    key: str,
    entry: Mapping[str, Any],
    units: Mapping[str, Mapping[str, Any]],
    people: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    record = {**entry, "parent": dict(units.get(_parent(key), {}))}
    control = str(entry.get("userAccountControl", ""))
    if control.isdecimal():
        record["enabled"] = "0" if int(control) & AD_DISABLED else "1"
    leader = entry.get(LEADER)
    if isinstance(leader, str):
        record["leader"] = dict(people.get(_key(leader), {}))
    return record
