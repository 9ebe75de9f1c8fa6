"""URLs of stores and bindings."""

from django.urls import path

from contacts.org import import_views, views

app_name = "org"
urlpatterns = [
    path("", views.stores, name="list"),
    path("stores/<int:pk>/", views.store, name="detail"),
    path("stores/<int:pk>/bind/", views.bind, name="bind"),
    path("bindings/<int:pk>/retire/", views.retire, name="retire"),
    path("bindings/<int:pk>/state/", views.state, name="state"),
    path("bindings/<int:pk>/shift/", views.shift, name="shift"),
    path("units/import/", views.units_upload, name="units_import"),
    path("imports/", import_views.imports, name="imports"),
    path("imports/new/", import_views.upload, name="import"),
    path("imports/<int:pk>/", import_views.detail, name="import_detail"),
    path("imports/<int:pk>/approve/", import_views.approve, name="import_approve"),
    path("imports/<int:pk>/refuse/", import_views.refuse, name="import_refuse"),
    path("imports/<int:pk>/errors/", import_views.errors, name="import_errors"),
    path("templates/<slug:table>/", import_views.template, name="template"),
]
