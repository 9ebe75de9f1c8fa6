"""Console pages of the kernel."""

from django.urls import include, path

urlpatterns = [
    path("jobs/", include("scrm.core.jobs.urls")),
    path("outbox/", include("scrm.core.outbox.urls")),
    path("approvals/", include("scrm.core.approvals.urls")),
    path("audit/", include("scrm.core.audit.urls")),
    path("alerts/", include("scrm.core.alerts.urls")),
    path("keys/", include("scrm.core.keys.urls")),
    path("health/", include("scrm.core.health.urls")),
]
