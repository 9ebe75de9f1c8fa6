"""URLs of customers."""

from django.urls import path

from customers.relations import views

app_name = "relations"
urlpatterns = [
    path("", views.contact_list, name="list"),
    path("sync/", views.sync, name="sync"),
    path("tag-counts/", views.tag_counts, name="tag_counts"),
]
