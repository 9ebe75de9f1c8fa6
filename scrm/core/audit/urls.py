"""URLs of the audit."""

from django.urls import path

from scrm.core.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entry_list, name="list"),
    path("export/", views.export, name="export"),
    path("<uuid:pk>/", views.entry_detail, name="detail"),
]
