"""URLs of the merge centre."""

from django.urls import path

from customers.oneid import views

app_name = "oneid"
urlpatterns = [
    path("", views.centre, name="list"),
    path("conflicts/<uuid:conflict_id>/", views.conflict_detail, name="conflict"),
    path("conflicts/<uuid:conflict_id>/decide/", views.conflict_decide, name="decide"),
    path("proposals/<uuid:contact_id>/<uuid:member_id>/", views.proposal_decide, name="proposal"),
    path("decisions/<uuid:act>/retract/", views.act_retract, name="retract"),
    path("persons/<uuid:person_id>/", views.person_detail, name="person"),
    path("persons/<uuid:person_id>/split/", views.person_split, name="split"),
    path("cards/<uuid:contact_id>/", views.contact_card, name="card"),
]
