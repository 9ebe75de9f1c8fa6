"""The only addresses another system may be read from: those IT listed in the environment."""

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from scrm.core.exceptions import ExternalFailure, ValidationFailed

HTTP = ("https", "http")
LDAP = ("ldaps", "ldap")
PORTS = {"https": 443, "http": 80, "ldaps": 636, "ldap": 389}


def origins(listed: Sequence[str], schemes: tuple[str, ...]) -> list[str]:
    """Return the allowed origins of these schemes, as written by IT without a slash at the end."""
    entries = (entry.strip().rstrip("/") for entry in listed)
    return [entry for entry in entries if _is_origin(entry, schemes)]


def _is_origin(entry: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(entry)
        whole = parts.hostname and parts.port != 0
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    return bool(whole) and bare and parts.scheme in schemes


def need_allowed(
    origin: str, schemes: tuple[str, ...], *, listed: Sequence[str], listed_in: str
) -> tuple[str, int]:
    """Return host and port of a listed origin; raises ValidationFailed for any other one."""
    if origin not in origins(listed, schemes):
        raise ValidationFailed(
            _("%(origin)s may not be asked. IT adds it to %(variable)s and restarts.")
            % {"origin": origin or _("The address"), "variable": listed_in},
            code="host_not_allowed",
        )
    parts = urlsplit(origin)
    return str(parts.hostname), parts.port or PORTS[parts.scheme]


def refuses(host: str) -> "Refusal":
    """Return what says of an IP address that `host` must not lead there."""
    return Refusal(host)


def need_reachable(host: str, port: int, *, listed_in: str) -> None:
    """Raise ExternalFailure where a name leads nowhere, or to an address it must not lead to."""
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except OSError:
        found = []
    refusal = refuses(host)
    if not found or any(refusal(str(address[4][0])) for address in found):
        raise ExternalFailure(
            _("%(host)s leads to no address that may be asked. IT checks %(variable)s and DNS.")
            % {"host": host, "variable": listed_in},
            code="feed_unreachable",
        )


class Refusal:
    """Says which addresses a name must not lead to, whatever DNS answers at that moment.

    The other system may stand in the private network. The cloud's own metadata address and this machine never pass
    under a name; this machine only where IT wrote its address itself.
    """

    def __init__(self, host: str) -> None:
        self._own = _address(host) is not None or host == "localhost"

    def __call__(self, address: str) -> bool:
        """Return whether a connection to this address is refused."""
        found = _address(address)
        if found is None:
            return True
        mapped = getattr(found, "ipv4_mapped", None)
        found = mapped or found
        if found.is_loopback:
            return not self._own
        return (
            found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved
        )


def _address(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    try:
        return ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return None
