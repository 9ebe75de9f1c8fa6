"""The console's first page."""

from django.urls import path

from scrm.home import views

app_name = "home"
urlpatterns = [path("", views.index, name="index")]
