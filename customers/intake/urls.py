"""URLs of files and sources."""

from django.urls import path

from customers.intake import views

app_name = "intake"
urlpatterns = [
    path("", views.source_list, name="list"),
    path("files/<slug:kind>/", views.file_new, name="file"),
    path("files/<slug:kind>/template/", views.file_template, name="template"),
    path("preview/<uuid:file_id>/", views.file_preview, name="preview"),
    path("preview/<uuid:file_id>/start/", views.file_start, name="start"),
    path("sources/new/", views.source_new, name="source_new"),
    path("sources/<uuid:source_id>/", views.source_detail, name="source"),
    path("sources/<uuid:source_id>/edit/", views.source_edit, name="source_edit"),
    path("sources/<uuid:source_id>/mapping/", views.source_mapping, name="source_mapping"),
    path("sources/<uuid:source_id>/test/", views.source_test, name="source_test"),
    path("sources/<uuid:source_id>/read/", views.source_read, name="source_read"),
    path("sources/<uuid:source_id>/delete/", views.source_delete, name="source_delete"),
]
