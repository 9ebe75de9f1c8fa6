"""URLs of entries: the console, the partner's question, the customers' page."""

from django.urls import URLPattern, URLResolver, path

from attribution.entries import api, public, views

app_name = "entries"
urlpatterns = [
    path("", views.entry_list, name="list"),
    path("new/", views.entry_create, name="create"),
    path("figures/", views.entry_figures, name="figures"),
    path("<int:pk>/", views.entry_detail, name="detail"),
    path("<int:pk>/edit/", views.entry_edit, name="edit"),
    path("<int:pk>/switch/", views.entry_switch, name="switch"),
    path("<int:pk>/stores/", views.entry_stores, name="stores"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("entries/offers", api.OffersView.as_view(), name="entry_offers"),
]
public_urlpatterns: list[URLPattern | URLResolver] = [
    path("<str:token>/", public.page, name="page"),
    path("<str:token>/code.png", public.picture, name="picture"),
    path("<str:token>/beat", public.beat, name="beat"),
]
