"""Queues welcomes and keeps their texts."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from attribution.live_codes.texts import MOST_BYTES, filled, unknown_variables
from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate
from attribution.welcome.selectors import Choice, templates_editable_by, welcome_for
from contacts.org.models import OrgUnit
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.outbox import services as outbox
from scrm.core.scope import Scope

KIND = "welcome.send"
# WeCom's code lives this long from the event on (doc 92137).
CODE_LIVES = timedelta(seconds=20)


@dataclass(frozen=True)
class WelcomeDue:
    """What an add event says about a welcome; `occurred_at` is WeCom's time, `received_at` ours."""

    welcome_code: str
    userid: str
    external_userid: str
    state: str
    occurred_at: datetime
    received_at: datetime


def code_hash(welcome_code: str) -> str:
    """Return the name of a welcome code: the code itself is a credential and is not kept."""
    return hashlib.sha256(welcome_code.encode()).hexdigest()


@transaction.atomic
def welcome_queue(due: WelcomeDue) -> WelcomeDelivery | None:
    """Choose the welcome and queue it in the caller's transaction; None when this code was queued before."""
    hashed = code_hash(due.welcome_code)
    choice = welcome_for(due.userid, due.state)
    row = WelcomeDelivery(
        code_hash=hashed,
        userid=due.userid,
        external_userid=due.external_userid,
        source=choice.source,
        live_code=choice.live_code,
        occurred_at=due.occurred_at,
    )
    # Two deliveries of one code at the same time: the second waits for the first and then finds its row.
    WelcomeDelivery.objects.bulk_create([row], ignore_conflicts=True)
    stored = WelcomeDelivery.objects.select_for_update().get(code_hash=hashed)
    if stored.message_id is not None or choice.source == WelcomeDelivery.Source.NONE:
        return None
    message = outbox.put(
        kind=KIND,
        key=f"welcome:{hashed}",
        payload={
            "welcome_code": due.welcome_code,
            "text": _text(choice),
            "attachments": choice.attachments,
        },
        lane="welcome",
        # By our own clock: a difference to WeCom's must not make a living code look dead. WeCom refuses a dead one.
        expires_at=due.received_at + CODE_LIVES,
    )
    if message is None:
        return None
    stored.message = message
    stored.save(update_fields=["message"])
    return stored


def _text(choice: Choice) -> str:
    values = {
        # WeCom fills the customer's name in; our mirror does not know a customer who has just come.
        "nickname": settings.WECOM_NICKNAME_PLACEHOLDER,
        "guide": choice.member.name if choice.member is not None else "",
        "store": choice.store.name if choice.store is not None else "",
    }
    return filled(choice.text, values)


def welcome_sent(welcome_code: str) -> None:
    """Note that WeCom took the welcome."""
    WelcomeDelivery.objects.filter(code_hash=code_hash(welcome_code), sent_at=None).update(
        sent_at=timezone.now()
    )


@transaction.atomic
def template_save(
    *,
    store: OrgUnit | None,
    text: str,
    is_active: bool,
    scope: Scope,
    actor: Any,
    template: WelcomeTemplate | None = None,
) -> WelcomeTemplate:
    """Make or change the welcome of a store (None: the default). Raises ValidationFailed, PermissionDenied, Conflict."""
    _check(text)
    if store is None and not scope.everything:
        raise PermissionDenied(_("The default welcome is for headquarters to change."))
    before = None
    if template is not None:
        template = templates_editable_by(scope).select_for_update(of=("self",)).get(pk=template.pk)
        before = _record(template)
    template = template or WelcomeTemplate(store=store)
    template.text, template.is_active = text, is_active
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError:
        raise Conflict(_("This store has a welcome already; change that one.")) from None
    audit.record(
        actor=actor,
        action="welcome.save",
        target=f"welcome:{template.pk}",
        before=before,
        after=_record(template),
    )
    return template


def _record(template: WelcomeTemplate) -> dict[str, Any]:
    return {"store": template.store_id, "text": template.text, "is_active": template.is_active}


def _check(text: str) -> None:
    unknown = unknown_variables(text)
    if unknown:
        raise ValidationFailed(
            _("There is no variable {%(name)s}.") % {"name": unknown[0]},
            code="variable_unknown",
            field="text",
        )
    if not text.strip():
        raise ValidationFailed(_("Write a text."), code="text_missing", field="text")
    if len(text.encode()) > MOST_BYTES:
        raise ValidationFailed(
            _("The text is too long for WeCom."), code="text_too_long", field="text"
        )
