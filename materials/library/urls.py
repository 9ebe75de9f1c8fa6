"""URLs of the library: the console's pages, and the files customers load."""

from django.urls import path

from materials.library import views

app_name = "materials"
urlpatterns = [
    path("", views.material_list, name="list"),
    path("new/", views.material_kinds, name="kinds"),
    path("new/<str:kind>/", views.material_create, name="create"),
    path("categories/", views.category_list, name="categories"),
    path("categories/<int:pk>/delete/", views.category_delete, name="category_delete"),
    path("<int:pk>/", views.material_detail, name="detail"),
    path("<int:pk>/edit/", views.material_edit, name="edit"),
    path("<int:pk>/hand-in/", views.material_hand_in, name="hand_in"),
    path("<int:pk>/review/", views.material_review, name="review"),
    path("<int:pk>/archive/", views.material_archive, name="archive"),
    path("<int:pk>/restore/", views.material_restore, name="restore"),
    path("<int:pk>/<str:part>.file", views.material_file, name="file"),
]
# Without a log-in: phones load them without cookies.
public_urlpatterns = [
    path("file/<str:token>", views.public_file, name="file"),
    path("file/<str:token>/thumb", views.public_thumb, name="thumb"),
]
