"""Makes the feed of a connector from what the database keeps of it."""

from collections.abc import Callable, Mapping
from typing import Any

from contacts.oa_sync.sources.folder import FolderFeed, FolderSettings
from contacts.oa_sync.sources.ldap import LdapFeed, LdapSettings
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.protocol import Feed
from contacts.oa_sync.sources.rest import RestFeed, RestSettings
from contacts.oa_sync.sources.sql import SqlFeed, SqlSettings
from contacts.oa_sync.sources.uploads import UploadFeed

Kind = OaConnector.Kind
MAKERS: Mapping[str, Callable[[Mapping[str, Any], str], Feed]] = {
    Kind.REST: lambda options, secret: RestFeed(RestSettings(**options, secret=secret)),
    Kind.SQL: lambda options, _secret: SqlFeed(SqlSettings(**options)),
    Kind.LDAP: lambda options, secret: LdapFeed(LdapSettings(**options, secret=secret)),
    Kind.FOLDER: lambda options, _secret: FolderFeed(FolderSettings(**options)),
    Kind.UPLOAD: lambda _options, _secret: UploadFeed(),
}


def feed_of(connector: OaConnector) -> Feed:
    """Return the feed of a connector; it opens nothing before records are asked for."""
    return MAKERS[connector.kind](connector.options, connector.secret)
