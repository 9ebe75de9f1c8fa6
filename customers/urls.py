"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

from customers.crm.urls import api_urlpatterns as crm_api

urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", include("customers.relations.urls")),
    path("customers/", include("customers.profile.urls")),
    path("inheritance/", include("customers.inheritance.urls")),
    path("members/", include("customers.crm.urls")),
    path("oneid/", include("customers.oneid.urls")),
    path("tags/", include("customers.tags.urls")),
]
api_urlpatterns: list[URLPattern | URLResolver] = [*crm_api]
