"""URLs of live codes."""

from django.urls import path

from attribution.live_codes import views

app_name = "live_codes"
urlpatterns = [
    path("", views.live_code_list, name="list"),
    path("new/", views.live_code_create, name="create"),
    path("members/", views.member_picker, name="members"),
    path("<int:pk>/", views.live_code_detail, name="detail"),
    path("<int:pk>/edit/", views.live_code_edit, name="edit"),
    path("<int:pk>/retry/", views.live_code_retry, name="retry"),
    path("<int:pk>/qr-<int:size>.png", views.qr_picture, name="picture"),
]
