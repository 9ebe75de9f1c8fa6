"""Console pages of roles."""

from django.urls import path

from contacts.roles import views

app_name = "roles"
urlpatterns = [
    path("", views.grants, name="list"),
    path("new/", views.create, name="create"),
    path("<int:pk>/revoke/", views.take_back, name="revoke"),
]
