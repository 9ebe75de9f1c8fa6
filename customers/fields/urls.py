"""URLs of customer fields."""

from django.urls import path

from customers.fields import views

app_name = "customer_fields"
urlpatterns = [
    path("", views.field_list, name="list"),
    path("new/", views.field_new, name="new"),
    path("<int:pk>/", views.field_edit, name="edit"),
    path("<int:pk>/retire/", views.field_retire, name="retire"),
    path("<int:pk>/restore/", views.field_restore, name="restore"),
]
