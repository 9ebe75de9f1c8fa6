"""URLs of stores, units, bindings and changes of stores."""

from django.urls import URLPattern, URLResolver, path

from contacts.org import change_views, h5, import_views, unit_views, views

app_name = "org"
urlpatterns = [
    path("", views.stores, name="list"),
    path("stores/<int:pk>/", views.store, name="detail"),
    path("stores/<int:pk>/bind/", views.bind, name="bind"),
    path("stores/<int:pk>/change/", change_views.plan, name="change_plan"),
    path("bindings/<int:pk>/retire/", views.retire, name="retire"),
    path("bindings/<int:pk>/state/", views.state, name="state"),
    path("bindings/<int:pk>/shift/", views.shift, name="shift"),
    path("units/", unit_views.units, name="units"),
    path("units/<int:pk>/", unit_views.unit, name="unit"),
    path("units/<int:pk>/edit/", unit_views.site, name="site"),
    path("units/import/", unit_views.upload, name="units_import"),
    path("units/files/<int:pk>/", unit_views.file_detail, name="unit_file"),
    path("units/files/<int:pk>/apply/", unit_views.file_apply, name="unit_file_apply"),
    path("units/files/<int:pk>/drop/", unit_views.file_drop, name="unit_file_drop"),
    path("units/files/<int:pk>/errors/", unit_views.file_errors, name="unit_file_errors"),
    path("changes/", change_views.changes, name="changes"),
    path("changes/<int:pk>/", change_views.change, name="change"),
    path("changes/<int:pk>/approve/", change_views.approve, name="change_approve"),
    path("changes/<int:pk>/cancel/", change_views.cancel, name="change_cancel"),
    path("changes/<int:pk>/retry/", change_views.retry, name="change_retry"),
    path("imports/", import_views.imports, name="imports"),
    path("imports/new/", import_views.upload, name="import"),
    path("imports/<int:pk>/", import_views.detail, name="import_detail"),
    path("imports/<int:pk>/approve/", import_views.approve, name="import_approve"),
    path("imports/<int:pk>/refuse/", import_views.refuse, name="import_refuse"),
    path("imports/<int:pk>/errors/", import_views.errors, name="import_errors"),
    path("templates/<slug:table>/", import_views.template, name="template"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [path("bind/", h5.bind, name="bind")]
