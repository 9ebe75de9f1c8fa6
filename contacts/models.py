"""Gathers the models of this app's features."""

from contacts.directory.models import Department, Employee, Employment, Member, MemberWritten
from contacts.drift.models import DriftCheck, DriftFinding, DriftWatch, SecretSeen
from contacts.feed.models import FeedItem
from contacts.oa_sync.models import OaAdoption, OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.oa_sync.sources.models import OaConnector
from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.models import (
    BindingImport,
    BindingImportRow,
    OrgUnit,
    SentRows,
    StoreBinding,
    UnitFile,
    UnitTerm,
)
from contacts.parameters.models import Parameter
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.roles.models import Role, RoleGrant
from contacts.roster.models import RosterExtension, RosterFile, RosterPerson

__all__ = [
    "BindingImport",
    "BindingImportRow",
    "Department",
    "DriftCheck",
    "DriftFinding",
    "DriftWatch",
    "Employee",
    "Employment",
    "FeedItem",
    "Member",
    "MemberProfile",
    "MemberWritten",
    "OaAdoption",
    "OaConnector",
    "OaFile",
    "OaPlanItem",
    "OaPolicy",
    "OaRowError",
    "OaRun",
    "OrgUnit",
    "Parameter",
    "ProfileTemplate",
    "Role",
    "RoleGrant",
    "RosterExtension",
    "RosterFile",
    "RosterPerson",
    "SecretSeen",
    "SentRows",
    "StoreBinding",
    "StoreChange",
    "StoreChangeStep",
    "UnitFile",
    "UnitTerm",
]
