"""Reads of the connected OAs; they concern the whole company and need a scope over everything."""

from django.db.models import QuerySet

from contacts.oa_sync.sources.mapping import FieldMapping
from contacts.oa_sync.sources.models import OaConnector
from scrm.core.scope import Scope


def connectors_visible_to(scope: Scope) -> QuerySet[OaConnector]:
    """Return the connected OAs a scope may see: all or none."""
    return OaConnector.objects.all() if scope.everything else OaConnector.objects.none()


def upload_mapping() -> FieldMapping:
    """Return what a person said of the columns of uploaded files; empty where nobody did."""
    found = OaConnector.objects.filter(kind=OaConnector.Kind.UPLOAD).first()
    return found.field_mapping if found else FieldMapping()
