"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

from contacts.org.urls import h5_urlpatterns as org_h5
from contacts.roster.urls import h5_urlpatterns as roster_h5

urlpatterns: list[URLPattern | URLResolver] = [
    path("org/", include("contacts.org.urls")),
    path("directory/", include("contacts.directory.urls")),
    path("roles/", include("contacts.roles.urls")),
    path("roster/", include("contacts.roster.urls")),
    path("oa-sync/", include("contacts.oa_sync.urls")),
    path("external-profiles/", include("contacts.profiles.urls")),
    path("drift/", include("contacts.drift.urls")),
]
api_urlpatterns: list[URLPattern | URLResolver] = []
h5_urlpatterns: list[URLPattern | URLResolver] = [*org_h5, *roster_h5]
