"""URLs of customers."""

from django.urls import path

from customers.relations import views

app_name = "relations"
urlpatterns = [
    path("relations/<uuid:relation_id>/opened/", views.opened, name="opened"),
    path("tag-counts/", views.tag_counts, name="tag_counts"),
]
