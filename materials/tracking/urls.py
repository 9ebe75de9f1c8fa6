"""URLs of the tracks: the public page, the guide's pages, the console's reach."""

from django.urls import path

from materials.tracking import h5, views

app_name = "material_reach"
urlpatterns = [
    path("", views.reach_list, name="list"),
    path("<int:pk>/", views.reach_detail, name="detail"),
]
public_urlpatterns = [
    path("<str:token>/", views.page, name="page"),
    path("<str:token>/beat", views.beat, name="beat"),
    path("<str:token>/go", views.go, name="go"),
]
h5_urlpatterns = [
    path("materials/", h5.materials, name="materials"),
    # The address of the chat tool bar (docs/guide).
    path("m/", h5.materials, name="materials_tool"),
    path("materials/viewers/", h5.viewers, name="material_viewers"),
    path("materials/<int:pk>/", h5.material, name="material"),
    path("materials/<int:pk>/send", h5.material_send, name="material_send"),
    path("materials/<int:pk>/favourite", h5.material_favourite, name="material_favourite"),
    path("materials/sends/<int:pk>/confirm", h5.material_confirm, name="material_confirm"),
]
