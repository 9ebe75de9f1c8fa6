"""URLs of what headquarters keeps about all profiles: who does not count, and how customers are served."""

from django.urls import path

from customers.profile import rule_views

app_name = "serving"
urlpatterns = [
    path("not-counted/", rule_views.marks, name="marks"),
    path("not-counted/find/", rule_views.marks_find, name="marks_find"),
    path("serving/", rule_views.rules, name="rules"),
    path("serving/new/", rule_views.rule_own, name="rule_new"),
    path("serving/<int:pk>/", rule_views.rule_own, name="rule_own"),
    path("serving/<int:pk>/delete/", rule_views.rule_delete, name="rule_delete"),
    path("serving/<slug:code>/", rule_views.rule_edit, name="rule_edit"),
]
