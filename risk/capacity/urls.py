"""URLs of account capacity."""

from django.urls import path

from risk.capacity import views

app_name = "capacity"
urlpatterns = [
    path("", views.capacity_list, name="list"),
    path("<int:member_id>/", views.capacity_detail, name="detail"),
    path("<int:member_id>/limit/", views.limit_edit, name="limit"),
]
