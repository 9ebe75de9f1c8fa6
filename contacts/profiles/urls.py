"""URLs of the cards customers see."""

from django.urls import path

from contacts.profiles import card_views, measure_views, views

app_name = "external_profiles"
urlpatterns = [
    path("", views.templates, name="list"),
    path("new/", views.create, name="create"),
    path("measure/", measure_views.measure, name="measure"),
    path("accounts/", card_views.cards, name="cards"),
    path("accounts/again/", card_views.again, name="again"),
    path("accounts/<int:pk>/", card_views.card, name="card"),
    path("accounts/<int:pk>/accept/", card_views.accept, name="accept"),
    path("push/", views.push, name="push"),
    path("check/", views.check, name="check"),
    path("live/", views.live, name="live"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/publish/", views.publish, name="publish"),
    path("<int:pk>/ask/", views.ask, name="ask"),
    path("<int:pk>/retire/", views.retire, name="retire"),
]
