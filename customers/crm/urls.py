"""URLs of members."""

from django.urls import URLPattern, URLResolver, path

from customers.crm import api, views

app_name = "crm"
urlpatterns = [
    path("", views.member_list, name="list"),
    path("import/", views.member_import, name="import"),
    path("import/template/", views.import_template, name="import_template"),
    path("import/<uuid:import_id>/", views.import_preview, name="import_preview"),
    path("import/<uuid:import_id>/start/", views.import_start, name="import_start"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("members/batch", api.MembersBatchView.as_view(), name="members_batch"),
    path("members/<str:member_no>", api.MemberView.as_view(), name="member"),
]
