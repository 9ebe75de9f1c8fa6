"""URLs of adds."""

from django.urls import path

from attribution.adds import views

app_name = "adds"
urlpatterns = [path("", views.add_list, name="list")]
