"""A real LDAP server (ldaptor) on a free port, in a thread of its own; it gives pages and sends on as told."""

import io
import threading
from collections.abc import Mapping
from typing import Any

from ldaptor.inmemory import fromLDIFFile
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.protocols import pureldap
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from ldaptor.protocols.pureber import (
    BERDecoderContext,
    BERInteger,
    BEROctetString,
    BERSequence,
    berDecodeObject,
)
from twisted.internet import reactor
from twisted.internet.protocol import ServerFactory
from twisted.python.components import registerAdapter

# RFC 2696
PAGES = b"1.2.840.113556.1.4.319"


class _Server(LDAPServer):  # type: ignore[misc]
    """What ldaptor leaves out: results in pages, and continuation references beside a base."""

    def handle_LDAPSearchRequest(self, request: Any, controls: Any, reply: Any) -> Any:  # noqa: N802
        found: list[Any] = []
        size, begin = _page_asked(controls)
        self.factory.asked.append((size, begin))

        def answer(done: Any) -> Any:
            end = begin + size if size else len(found)
            for entry in found[begin:end]:
                reply(entry)
            for address in self.factory.sent_on.get(request.baseObject.decode(), ()):
                reply(pureldap.LDAPSearchResultReference([pureldap.LDAPString(address.encode())]))
            if size:
                cookie = b"%d" % end if end < len(found) else b""
                value = BERSequence([BERInteger(0), BEROctetString(cookie)]).toWire()
                done.page = [(PAGES, None, value)]
            return done

        return super().handle_LDAPSearchRequest(request, None, found.append).addCallback(answer)

    def queue(self, id: int, op: Any) -> None:
        message = pureldap.LDAPMessage(op, controls=getattr(op, "page", None), id=id)
        self.transport.write(message.toWire())


def _page_asked(controls: Any) -> tuple[int, int]:
    """Return the size and the beginning of the page asked for; size 0 where all is wanted."""
    for kind, _critical, value in controls or ():
        if kind == PAGES:
            (size, cookie), _length = berDecodeObject(BERDecoderContext(), value)
            return size.value, int(cookie.value or 0)
    return 0, 0


class _Factory(ServerFactory):
    protocol = _Server

    def __init__(self, root: Any, sent_on: Mapping[str, list[str]]) -> None:
        self.root, self.sent_on = root, sent_on
        self.asked: list[tuple[int, int]] = []


registerAdapter(lambda factory: factory.root, _Factory, IConnectedLDAPEntry)


class DirectoryServer:
    """Twisted's reactor runs once a process: one server for all tests, its tree given at the start.

    `sent_on` tells by base which other servers' addresses a search there is given.
    """

    def __init__(self, ldif: bytes, sent_on: Mapping[str, list[str]]) -> None:
        self._ldif, self._sent_on = ldif, sent_on
        self._ready = threading.Event()
        self._factory: Any = None
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="ldap", daemon=True)

    @property
    def asked(self) -> list[tuple[int, int]]:
        """Return size and beginning of every page asked for."""
        pages: list[tuple[int, int]] = self._factory.asked
        return pages

    @property
    def origin(self) -> str:
        """Return its address."""
        return f"ldap://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """Stop serving."""
        reactor.callFromThread(reactor.stop)  # type: ignore[attr-defined]
        self._thread.join(5)

    def _run(self) -> None:
        loop: Any = reactor

        def listen(root: Any) -> None:
            self._factory = _Factory(root, self._sent_on)
            port = loop.listenTCP(0, self._factory, interface="127.0.0.1")
            self.port = port.getHost().port
            self._ready.set()

        fromLDIFFile(io.BytesIO(self._ldif)).addCallback(listen)
        loop.run(installSignalHandlers=False)
