"""URLs of hand-overs."""

from django.urls import path

from customers.inheritance import results, views

app_name = "inheritance"
urlpatterns = [
    path("", views.plan_list, name="list"),
    path("policy/", views.policy, name="policy"),
    path("new/<int:member_id>/", views.plan_create, name="create"),
    path("<int:pk>/", views.plan_detail, name="detail"),
    path("<int:pk>/confirm/", views.plan_confirm, name="confirm"),
    path("<int:pk>/cancel/", views.plan_cancel, name="cancel"),
    path("<int:pk>/resume/", views.plan_resume, name="resume"),
    path("<int:pk>/results/", views.plan_results, name="results"),
    path("<int:pk>/retry/", views.plan_retry, name="retry"),
    path("<int:pk>/file/", results.plan_file, name="file"),
    path("<int:pk>/release/", views.plan_release, name="release"),
]
