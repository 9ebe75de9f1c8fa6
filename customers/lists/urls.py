"""URLs of the customer list: views, tags for many, files."""

from django.urls import path

from customers.lists import bulk_views, views

app_name = "lists"
# The list itself is one of the pages about relations, whose name other rooms link to.
list_urlpatterns = [path("", views.customer_list, name="list")]
urlpatterns = [
    path("views/", views.view_save, name="view_save"),
    path("views/<uuid:pk>/delete/", views.view_delete, name="view_delete"),
    path("tag/", bulk_views.tag, name="tag"),
    path("export/", bulk_views.export, name="export"),
    path("files/", bulk_views.export_list, name="exports"),
    path("files/<uuid:pk>/", bulk_views.export_take, name="export_take"),
]
