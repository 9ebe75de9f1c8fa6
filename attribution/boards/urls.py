"""Routes of the boards."""

from django.urls import path

from attribution.boards import views

app_name = "boards"
urlpatterns = [
    path("", views.index, name="index"),
    path("export/", views.export, name="export"),
]
