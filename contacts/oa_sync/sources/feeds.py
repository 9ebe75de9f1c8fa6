"""Makes the feed of a connector from what the database keeps of it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from contacts.oa_sync.sources.folder import FolderFeed, FolderSettings
from contacts.oa_sync.sources.ldap import LdapFeed, LdapSettings
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.protocol import ALLOWED_BY
from contacts.oa_sync.sources.sql import SqlFeed, SqlSettings
from contacts.oa_sync.sources.uploads import UploadFeed
from scrm.core.feeds.records import Feed
from scrm.core.feeds.rest import RestFeed, RestSettings

Kind = OaConnector.Kind


def rest_settings(options: Mapping[str, Any], secret: str) -> RestSettings:
    """Return how to ask an OA, and only where IT allowed it."""
    return RestSettings(
        **options, secret=secret, allowed=tuple(settings.OA_HOSTS), allowed_by=ALLOWED_BY
    )


MAKERS: Mapping[str, Callable[[Mapping[str, Any], str], Feed]] = {
    Kind.REST: lambda options, secret: RestFeed(rest_settings(options, secret)),
    Kind.SQL: lambda options, _secret: SqlFeed(SqlSettings(**options)),
    Kind.LDAP: lambda options, secret: LdapFeed(LdapSettings(**options, secret=secret)),
    Kind.FOLDER: lambda options, _secret: FolderFeed(FolderSettings(**options)),
    Kind.UPLOAD: lambda _options, _secret: UploadFeed(),
}


def feed_of(connector: OaConnector) -> Feed:
    """Return the feed of a connector; it opens nothing before records are asked for."""
    return MAKERS[connector.kind](connector.options, connector.secret)
