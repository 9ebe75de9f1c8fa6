"""Console pages of roles."""

from django.urls import path

from contacts.roles import role_views, views

app_name = "roles"
urlpatterns = [
    path("", views.grants, name="list"),
    path("new/", views.create, name="create"),
    path("<int:pk>/revoke/", views.take_back, name="revoke"),
    path("make/", role_views.role_create, name="make"),
    path("<int:pk>/", role_views.role_detail, name="role"),
    path("<int:pk>/change/", role_views.role_change, name="change"),
    path("<int:pk>/delete/", role_views.role_delete, name="delete"),
]
