"""Raw rows for IT, read-only and without payloads."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from scrm.inbox.models import HandlerMark, InboxEvent, WorkerBeat


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Look, do not touch: changes go through services, which audit them."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(InboxEvent)
class InboxEventAdmin(ReadOnly):
    """Callbacks without payload and digest."""

    list_display = ("id", "received_at", "app", "event", "change_type", "lane", "state", "attempts")
    list_filter = ("state", "lane", "app")
    exclude = ("payload", "digest", "subject", "lease_token")
    ordering = ("-id",)


@admin.register(HandlerMark)
class HandlerMarkAdmin(ReadOnly):
    """Which handler applied which event."""

    list_display = ("event", "handler", "applied_at")
    list_select_related = ("event",)
    ordering = ("-id",)


@admin.register(WorkerBeat)
class WorkerBeatAdmin(ReadOnly):
    """Worker processes."""

    list_display = ("name", "started_at", "seen_at", "threads")
