"""What of templates waits for a second person: publishing one, or changing a published one, that touches many accounts."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contacts.org.models import OrgUnit
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.selectors import templates_editable_by
from contacts.profiles.services import (
    TemplateDraft,
    draft_apply,
    publish_check,
    push_soon,
    second_person_for,
    template_as_seen,
    template_check,
    template_publish,
    template_save,
    trial,
)
from contacts.profiles.services.templates import (
    APPROVAL_KIND,
    draft_from,
    draft_json,
    draft_read,
    key_of,
)
from contacts.profiles.words import refused_words
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval
from scrm.core.approvals.selectors import waiting_on
from scrm.core.approvals.services import ask
from scrm.core.exceptions import Conflict, PermissionDenied
from scrm.core.scope import Scope, scope_of

Status = ProfileTemplate.Status


def publish_ask(*, template: ProfileTemplate, actor: Any, reason: str) -> Approval:
    """Ask a second person to publish a template; raises as `template_publish` and `ask`."""
    return _ask(template, None, actor, reason)


def change_ask(
    *, template: ProfileTemplate, draft: TemplateDraft, scope: Scope, actor: Any, reason: str
) -> Approval:
    """Ask a second person for a change of a published template; raises as `template_save` and `ask`."""
    template_check(draft, scope)
    return _ask(template, draft, actor, reason)


def waiting_for_template(template: ProfileTemplate) -> Approval | None:
    """Return what waits for a second person on a template."""
    return waiting_on(APPROVAL_KIND, key_of(template))


@transaction.atomic
def _ask(
    template: ProfileTemplate, draft: TemplateDraft | None, actor: Any, reason: str
) -> Approval:
    template = template_as_seen(template)
    if draft is None:
        publish_check(template)
    accounts = second_person_for(template, draft)
    if not accounts:
        raise Conflict(_("This needs no second person."), code="alone")
    now = draft_json(draft_from(template))
    payload = {
        "template": template.pk,
        "revision": template.revision,
        "accounts": accounts,
        "refused": _refused(template, draft, scope_of(actor)),
        "before": None if draft is None else now,
        "after": now if draft is None else draft_json(draft),
    }
    return ask(
        kind=APPROVAL_KIND, key=key_of(template), payload=payload, actor=actor, reason=reason
    )


def _refused(
    template: ProfileTemplate, draft: TemplateDraft | None, scope: Scope
) -> tuple[int, int]:
    """Return how many cards would be refused, of how many tried."""
    meant = template if draft is None else draft_apply(draft, copy(template))
    found = trial(meant, scope)
    return found.refused, found.tried


def _granted(approval: Approval, _actor: Any) -> None:
    payload, asker = approval.payload, approval.asked_by
    scope = scope_of(asker)
    locked = ProfileTemplate.objects.select_for_update(of=("self",))
    template = locked.filter(pk=payload["template"]).first()
    if template is None or template.revision != payload["revision"]:
        raise Conflict(_("The template changed since this was asked for; refuse it and ask again."))
    editable = templates_editable_by(scope).filter(pk=template.pk)
    if not scope.allows("external_profiles.edit") or not editable.exists():
        raise PermissionDenied(
            _("%(person)s may not change this template any more; refuse this.") % {"person": asker}
        )
    if payload["before"] is None:
        template_publish(template=template, actor=asker, is_approved=True)
    else:
        draft = draft_read(payload["after"])
        template_save(draft, scope=scope, actor=asker, template=template, is_approved=True)
    push_soon(actor=asker)


def _facts(payload: Payload) -> list[Fact]:
    before, after = payload["before"], payload["after"]
    rows: list[tuple[str, str, Callable[[Any], str]]] = [
        (_("Card template"), "name", str),
        (_("For"), "unit", _unit),
        (_("Posts"), "posts", _posts),
        (_("Time"), "window", _window),
        (_("Position shown"), "position_text", str),
        (_("Company name shown"), "corp_name", str),
        (_("Video account"), "channels_name", str),
        (_("Lines of the card"), "items", _lines),
    ]
    facts = [
        Fact(_("Act"), _("Publish") if before is None else _("Change what is published")),
        Fact(
            _("Accounts in reach"),
            _("%(accounts)d; more than %(most)d need a second person")
            % {"accounts": payload["accounts"], "most": settings.PROFILE_ACCOUNTS_ALONE},
        ),
        Fact(_("Cards too long to be written"), refused_words(*payload["refused"]) or _("none")),
    ]
    for title, name, words in rows:
        was = None if before is None or before[name] == after[name] else words(before[name]) or "—"
        facts.append(Fact(title, words(after[name]) or "—", was))
    return facts


def _unit(code: str) -> str:
    name = OrgUnit.objects.filter(code=code).values_list("name", flat=True).first()
    return f"{name or code} · {code}" if code else _("whole company")


def _posts(posts: Iterable[str]) -> str:
    return _(", ").join(posts) or _("every post")


def _window(window: Iterable[str]) -> str:
    moments = [timezone.localtime(datetime.fromisoformat(each)) for each in window]
    return " – ".join(date_format(each, "Y-m-d H:i") for each in moments) or _("without an end")


def _lines(items: Iterable[Mapping[str, str]]) -> str:
    words = [
        " ".join(filter(None, (i["name"], i["value"], i["address"], i["appid"]))) for i in items
    ]
    return " · ".join(words)


def _stamp(payload: Payload) -> str:
    found = ProfileTemplate.objects.filter(pk=payload["template"])
    return str(found.values_list("revision", flat=True).first() or "")


def _page(payload: Payload) -> str:
    return reverse("external_profiles:detail", args=[payload["template"]])


TEMPLATE = Kind(
    code=APPROVAL_KIND,
    title=gettext_lazy("External profile of many accounts"),
    permission="external_profiles.approve",
    facts=_facts,
    granted=_granted,
    stamp=_stamp,
    page=_page,
)
