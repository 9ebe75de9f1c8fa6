"""Writes of the connected OAs: save, map, test, read, remove."""

from dataclasses import dataclass
from datetime import time
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.oa_sync.models import OaRun
from contacts.oa_sync.services import plans_expire, run_plan_again
from contacts.oa_sync.sources.feeds import feed_of
from contacts.oa_sync.sources.mapping import FieldMapping, guess
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.protocol import ROLES
from contacts.oa_sync.sources.uploads import newest_upload
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ScrmError, ValidationFailed
from scrm.core.jobs import services as jobs

READ_KIND = "oa_sync.read"
# One key for all sources: two OAs read at once would expire each other's plan.
KEY = "oa_sync"
logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ConnectorValues:
    """What a person enters about a source; secret None keeps the stored one."""

    name: str
    options: dict[str, Any]
    secret: str | None
    rhythm: str
    daily_at: time


def _target(connector: OaConnector) -> str:
    return f"oa_source:{connector.pk}"


def _facts(connector: OaConnector) -> dict[str, Any]:
    """Return what the audit keeps: everything but the secret."""
    return {
        "name": connector.name, "kind": connector.kind, "options": connector.options,
        "rhythm": connector.rhythm, "daily_at": connector.daily_at.isoformat(),
    }  # fmt: skip


def connector_add(*, kind: str, values: ConnectorValues, actor: Any) -> OaConnector:
    """Connect an OA; audited. Raises Conflict where the name is taken."""
    return _save(OaConnector(kind=kind), values, actor, before=None)


def connector_change(*, connector: OaConnector, values: ConnectorValues, actor: Any) -> OaConnector:
    """Change a connected OA; audited.

    Raises Conflict where the name is taken, ValidationFailed where the host changes without the secret being
    entered again: a stored secret is never sent to another host.
    """
    moved = connector.options.get("origin") != values.options.get("origin")
    if moved and connector.secret and values.secret is None:
        raise ValidationFailed(
            _("The host changed. Enter the secret again, so that it goes nowhere by mistake."),
            code="secret_needed",
        )
    return _save(connector, values, actor, before=_facts(connector))


def _save(
    connector: OaConnector, values: ConnectorValues, actor: Any, *, before: dict[str, Any] | None
) -> OaConnector:
    connector.name, connector.options = values.name, values.options
    connector.rhythm, connector.daily_at = values.rhythm, values.daily_at
    if values.secret is not None:
        connector.secret = values.secret
    connector.next_read_at = connector.next_after(timezone.now())
    connector.tested_at, connector.test_problem = None, ""
    connector.updated_by = actor
    try:
        with transaction.atomic():
            connector.save()
            after = {**_facts(connector), "secret_changed": values.secret is not None}
            record(
                actor=actor, action="oa_sync.source_save", target=_target(connector),
                before=before, after=after,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(
            _('Another source is called "%(name)s". Choose another name.') % {"name": values.name},
            code="name_taken",
        ) from None
    return connector


def upload_connector(*, actor: Any) -> OaConnector:
    """Return what keeps the columns of uploaded files; the first time it is made, with columns guessed.

    Raises ScrmError where nothing was uploaded, or the files are no tables.
    """
    found = OaConnector.objects.filter(kind=OaConnector.Kind.UPLOAD).first()
    if found is not None:
        return found
    newest_upload()
    made = OaConnector(kind=OaConnector.Kind.UPLOAD)
    values = ConnectorValues(_("Uploaded files"), {}, None, OaConnector.Rhythm.OFF, made.daily_at)
    return connector_test(connector=_save(made, values, actor, before=None), actor=actor)


@transaction.atomic
def mapping_set(*, connector: OaConnector, mapping: FieldMapping, actor: Any) -> OaConnector:
    """Keep which path holds which field; audited. Raises ValidationFailed where a needed one is missing."""
    mapping.check()
    before = connector.mapping
    connector.mapping, connector.updated_by = mapping.kept(), actor
    connector.save(update_fields=["mapping", "updated_by", "updated_at"])
    if connector.kind == OaConnector.Kind.UPLOAD and before != connector.mapping:
        # Other kinds keep what they read under our names; a plan from files would be read anew when applied.
        plans_expire()
    record(
        actor=actor, action="oa_sync.source_map", target=_target(connector),
        before={"mapping": before}, after={"mapping": connector.mapping},
    )  # fmt: skip
    return connector


def connector_test(*, connector: OaConnector, actor: Any) -> OaConnector:
    """Read the first record of both roles and note how it went; audited.

    A source without a mapping gets one guessed from those records. The OA's refusal is kept, not raised.
    """
    problem, paths = "", {}
    feed = feed_of(connector)
    try:
        for role in ROLES:
            first = next(iter(feed.records(role, limit=1)), None)
            if first is None:
                problem = _("The OA answered, but without departments or employees.")
            else:
                paths[role] = guess(role, first.data)
    except ScrmError as failure:
        problem = failure.message
    connector.tested_at, connector.test_problem = timezone.now(), problem
    if not problem and not connector.mapping:
        connector.mapping = FieldMapping(paths).kept()
    with transaction.atomic():
        connector.save(update_fields=["tested_at", "test_problem", "mapping", "updated_at"])
        record(
            actor=actor, action="oa_sync.source_test", target=_target(connector),
            after={"problem": problem},
        )  # fmt: skip
    return connector


def uploads_plan(*, actor: Any) -> OaRun:
    """Plan the newest upload anew with the columns as they are mapped now; raises ScrmError as `run_plan_again`."""
    return run_plan_again(run=newest_upload(), actor=actor)


@transaction.atomic
def connector_remove(*, connector: OaConnector, actor: Any) -> None:
    """Forget a source with its secret; its runs stay. Audited."""
    record(
        actor=actor, action="oa_sync.source_remove", target=_target(connector),
        before=_facts(connector),
    )  # fmt: skip
    connector.delete()


@transaction.atomic
def connector_read(*, connector: OaConnector, actor: Any | None) -> Any:
    """Start the job that reads a source and plans; returns it.

    Raises ValidationFailed where the mapping is not whole, Conflict while a source is being read.
    """
    connector.field_mapping.check()
    job = jobs.start(
        kind=READ_KIND,
        key=KEY,
        task="contacts.oa_source_read",
        actor=actor,
        params={"connector": str(connector.pk)},
        title=gettext_noop("Read the OA"),
    )
    record(actor=actor, action="oa_sync.source_read", target=_target(connector))
    return job


def connectors_read_due() -> int:
    """Start reading the sources whose time has come; returns how many were started."""
    started = 0
    now = timezone.now()
    for pk in OaConnector.objects.filter(next_read_at__lte=now).values_list("pk", flat=True):
        with transaction.atomic():
            due = (
                OaConnector.objects.select_for_update(skip_locked=True, of=("self",))
                .filter(pk=pk, next_read_at__lte=now)
                .first()
            )
            if due is None:
                continue
            due.next_read_at = due.next_after(now)
            due.save(update_fields=["next_read_at"])
            try:
                connector_read(connector=due, actor=None)
            except ScrmError as refusal:
                # Told on the source's page; the next time comes by the clock.
                logger.warning("oa_sources.not_read", connector=str(pk), code=refusal.code)
                OaConnector.objects.filter(pk=pk).update(last_problem=refusal.message)
            else:
                started += 1
    return started
