"""Sources: saved, removed, read when somebody asks or when their time has come."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from customers.intake.models import PullSource
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun

UNDERSTOOD = ("kind", "options", "mapping", "lines_path", "since_param")


@transaction.atomic
def source_save(source: PullSource, *, actor: Any, secret: str | None) -> PullSource:
    """Store a source; `secret` None keeps the one it has. The audit never sees the secret."""
    source.next_read_at = source.next_after(timezone.now())
    source.updated_by = actor
    if secret is not None:
        source.secret = secret
    source.last_mark = ""
    if not is_as_stored(source):
        # What stands in records that did not change would never be asked for again.
        source.read_from = None
    source.save()
    audit.record(
        actor=actor,
        action="intake.source_save",
        target=f"pull_source:{source.pk}",
        after={**_told(source), "secret_changed": secret is not None},
    )
    return source


def is_as_stored(source: PullSource) -> bool:
    """Tell whether it is stored with what is asked for, and how that is understood; locks the stored row."""
    stored = PullSource.objects.select_for_update().filter(pk=source.pk).values(*UNDERSTOOD)
    return bool(stored.first() == {name: getattr(source, name) for name in UNDERSTOOD})


@transaction.atomic
def source_delete(source: PullSource, *, actor: Any) -> None:
    """Remove a source; what it brought stays."""
    audit.record(
        actor=actor,
        action="intake.source_delete",
        target=f"pull_source:{source.pk}",
        before=_told(source),
    )
    source.files.update(source=None)
    source.delete()


def source_read(source: PullSource, *, actor: Any) -> JobRun:
    """Start reading a source now; raises Conflict while it is being read."""
    with transaction.atomic():
        job = jobs.start(
            kind="intake.read",
            key=str(source.pk),
            task="customers.intake_read",
            actor=actor,
            params={"source_id": str(source.pk)},
            title=gettext_noop("Read a CRM source"),
        )
        audit.record(
            actor=actor,
            action="intake.source_run",
            target=f"pull_source:{source.pk}",
            after={"job": str(job.pk)},
        )
    return job


def sources_due_start() -> int:
    """Start reading the sources whose time has come; one that is still being read waits for its next time."""
    now = timezone.now()
    started = 0
    due = PullSource.objects.filter(next_read_at__lte=now).values_list("pk", flat=True)
    for pk in list(due):
        with transaction.atomic():
            source = PullSource.objects.select_for_update(of=("self",)).get(pk=pk)
            if source.next_read_at is None or source.next_read_at > now:
                continue
            PullSource.objects.filter(pk=pk).update(next_read_at=source.next_after(now))
            try:
                with transaction.atomic():
                    source_read(source, actor=None)
            except Conflict:
                continue
            started += 1
    return started


def _told(source: PullSource) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "options": source.options,
        "mapping": source.mapping,
        "rhythm": source.rhythm,
    }
