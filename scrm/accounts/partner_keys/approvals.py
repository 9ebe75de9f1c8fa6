"""A partner key that reads customers waits for a second person."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scrm.accounts.api_scopes import API_SCOPES
from scrm.accounts.models import KEY_APPROVAL, PartnerKey
from scrm.accounts.services import partner_key_approve, partner_key_revoke
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval
from scrm.core.exceptions import PermissionDenied
from scrm.core.scope import scope_of


def _facts(payload: Payload) -> list[Fact]:
    rights = _(", ").join(str(API_SCOPES.get(code, code)) for code in payload["scopes"])
    return [
        Fact(_("System"), f"{payload['name']} · scrm_{payload['prefix']}_…"),
        Fact(_("Rights"), rights),
        Fact(_("Ends"), payload["expires_at"] or _("never, until it is withdrawn")),
    ]


def _granted(approval: Approval, actor: Any) -> None:
    if not scope_of(approval.asked_by).allows("api_keys.edit"):
        raise PermissionDenied(
            _("%(person)s may not make keys any more; refuse this.")
            % {"person": approval.asked_by},
            code="maker_lost_right",
        )
    partner_key_approve(_key(approval), actor=actor)


def _turned_down(approval: Approval, actor: Any) -> None:
    partner_key_revoke(
        _key(approval), actor=actor, reason=approval.decision_reason or approval.state
    )


def _key(approval: Approval) -> PartnerKey:
    return PartnerKey.objects.get(prefix=approval.payload["prefix"])


def _page(_payload: Payload) -> str:
    return reverse("api_keys:list")


KEY = Kind(
    code=KEY_APPROVAL,
    title=gettext_lazy("Partner key that reads customers"),
    permission="api_keys.approve",
    facts=_facts,
    granted=_granted,
    turned_down=_turned_down,
    page=_page,
)
