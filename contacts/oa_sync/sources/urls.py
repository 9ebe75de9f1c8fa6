"""URLs of the connected OAs; they belong to the OA synchronisation."""

from django.urls import path

from contacts.oa_sync.sources import views

urlpatterns = [
    path("", views.sources, name="sources"),
    path("columns/", views.columns, name="columns"),
    path("new/<slug:kind>/", views.source_create, name="source_create"),
    path("<uuid:pk>/", views.source_detail, name="source_detail"),
    path("<uuid:pk>/edit/", views.source_edit, name="source_edit"),
    path("<uuid:pk>/mapping/", views.source_mapping, name="source_mapping"),
    path("<uuid:pk>/preview/<slug:role>/", views.source_preview, name="source_preview"),
    path("<uuid:pk>/test/", views.source_test, name="source_test"),
    path("<uuid:pk>/read/", views.source_read, name="source_read"),
    path("<uuid:pk>/remove/", views.source_remove, name="source_remove"),
]
