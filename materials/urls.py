"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

import materials.library.urls
import materials.tracking.urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("materials/", include("materials.library.urls")),
    path("material-reach/", include("materials.tracking.urls")),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [*materials.tracking.urls.h5_urlpatterns]
# What customers open; files first, for a token is never called "file".
public_urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((materials.library.urls.public_urlpatterns, "materials_files"))),
    path("", include((materials.tracking.urls.public_urlpatterns, "materials_public"))),
]
