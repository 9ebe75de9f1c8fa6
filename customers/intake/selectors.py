"""Reads of files and sources."""

from django.db.models import QuerySet

from customers.intake.models import FactFile, PullSource
from scrm.core.scope import Scope


def files_visible_to(scope: Scope) -> QuerySet[FactFile]:
    """Return the files a scope may see: all of HQ's, else those its own user sent in; never their bytes."""
    files = FactFile.objects.select_related("source")
    return files if scope.everything else files.filter(created_by_id=scope.user_id)


def sources_visible_to(scope: Scope) -> QuerySet[PullSource]:
    """Return the sources: they hold no customer, so whoever may open the page sees all of them."""
    allowed = scope.allows("intake.view")
    return PullSource.objects.all() if allowed else PullSource.objects.none()
