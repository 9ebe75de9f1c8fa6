"""URLs of customers."""

from django.urls import path

from customers.relations import views

app_name = "relations"
urlpatterns = [
    path("", views.contact_list, name="list"),
    path("sync/", views.sync, name="sync"),
    path("tag-counts/", views.tag_counts, name="tag_counts"),
    path("<uuid:contact_id>/", views.contact_detail, name="detail"),
    path("<uuid:contact_id>/reveal/", views.contact_reveal, name="reveal"),
]
