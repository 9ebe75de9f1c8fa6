"""Gathers the models of this app's features."""

from contacts.directory.models import Department, Employee, Employment, Member, MemberWritten
from contacts.feed.models import FeedItem
from contacts.oa_sync.models import OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.org.models import BindingImport, BindingImportRow, OrgUnit, StoreBinding
from contacts.parameters.models import Parameter
from contacts.roles.models import Role, RoleGrant

__all__ = [
    "BindingImport",
    "BindingImportRow",
    "Department",
    "Employee",
    "Employment",
    "FeedItem",
    "Member",
    "MemberWritten",
    "OaFile",
    "OaPlanItem",
    "OaPolicy",
    "OaRowError",
    "OaRun",
    "OrgUnit",
    "Parameter",
    "Role",
    "RoleGrant",
    "StoreBinding",
]
