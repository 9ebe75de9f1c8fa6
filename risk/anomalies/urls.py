"""URLs of the monitor centre."""

from django.urls import path

from risk.anomalies import views

app_name = "anomalies"
urlpatterns = [
    path("", views.incident_list, name="list"),
    path("rules/", views.rule_list, name="rules"),
    path("rules/<slug:code>/", views.rule_edit, name="rule"),
    path("<int:pk>/", views.incident_detail, name="detail"),
    path("<int:pk>/steps/", views.step_take, name="take"),
    path("<int:pk>/undo/", views.steps_undo, name="undo"),
    path("<int:pk>/close/", views.incident_close, name="close"),
]
