"""URLs of the merge centre."""

from django.urls import path

from customers.oneid import queue_views, views

app_name = "oneid"
urlpatterns = [
    path("", views.centre, name="list"),
    path("conflicts/<uuid:conflict_id>/", views.conflict_detail, name="conflict"),
    path("conflicts/<uuid:conflict_id>/decide/", views.conflict_decide, name="decide"),
    path("proposals/<uuid:contact_id>/<uuid:member_id>/", views.proposal_decide, name="proposal"),
    path("decisions/<uuid:act>/retract/", views.act_retract, name="retract"),
    path("persons/<uuid:person_id>/", views.person_detail, name="person"),
    path("persons/<uuid:person_id>/split/", views.person_split, name="split"),
    path("persons/<uuid:person_id>/merge/", views.person_merge, name="merge"),
    path("persons/<uuid:person_id>/compare/", views.person_compare, name="compare"),
    path("shared/<uuid:shared_id>/", queue_views.shared_detail, name="shared"),
    path("shared/<uuid:shared_id>/decide/", queue_views.shared_decide, name="shared_decide"),
    path("shared/<uuid:shared_id>/retract/", queue_views.shared_retract, name="shared_retract"),
    path("audits/start/", queue_views.audit_begin, name="audit_start"),
    path("audits/<uuid:job_id>/", queue_views.audit_detail, name="audit"),
    path("cards/<uuid:contact_id>/", views.contact_card, name="card"),
]
