"""Raw rows for IT, read-only and without payloads."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from scrm.core.outbox.models import OutboxMessage


@admin.register(OutboxMessage)
class OutboxMessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Messages without their content; decisions are made in the console, which audits them."""

    list_display = ("id", "kind", "lane", "status", "attempts", "not_before", "created_at")
    list_filter = ("status", "lane", "kind")
    exclude = ("payload", "lease_token", "result")
    ordering = ("-id",)
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
