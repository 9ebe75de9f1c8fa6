"""The partner API described for machines and people; only for those who are logged in."""

from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAuthenticated

from scrm.core.scope import signed_in

OPEN_TO_SIGNED_IN = {
    "authentication_classes": [SessionAuthentication],
    "permission_classes": [IsAuthenticated],
}

urlpatterns = [
    path(
        "schema/", signed_in(SpectacularJSONAPIView.as_view(**OPEN_TO_SIGNED_IN)), name="api_schema"
    ),
    path(
        "docs/",
        # The split view keeps its script in a file of its own, as the content security policy wants.
        signed_in(SpectacularSwaggerSplitView.as_view(url_name="api_schema", **OPEN_TO_SIGNED_IN)),
        name="api_docs",
    ),
]
