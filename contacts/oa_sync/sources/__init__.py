"""Where the OA's data comes from: files, REST, SQL views, LDAP; a source only iterates rows, it judges nothing."""

from contacts.oa_sync.sources.files import FileSource, SourceFile
from contacts.oa_sync.sources.protocol import OaSource

__all__ = ["FileSource", "OaSource", "SourceFile"]
