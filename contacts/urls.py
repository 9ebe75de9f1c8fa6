"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("org/", include("contacts.org.urls")),
    path("directory/", include("contacts.directory.urls")),
    path("roles/", include("contacts.roles.urls")),
    path("oa-sync/", include("contacts.oa_sync.urls")),
]
api_urlpatterns: list[URLPattern | URLResolver] = []
