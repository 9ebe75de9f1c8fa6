"""Writes of the rules of how to serve."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from customers.profile.mark_models import ServeRule
from customers.profile.serving import default_rules
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, NotFound

MOST_OWN = 50
When = ServeRule.When


@transaction.atomic
def rule_change(
    code: str, *, position: int, days: int | None, is_active: bool, text: str, actor: Any
) -> ServeRule:
    """Change a built-in rule: where it stands, its number, its words, or whether it speaks at all. Audited.

    `text` empty leaves the words as they come; `days` is kept where a rule has no number. Raises NotFound.
    """
    default = next((rule for rule in default_rules() if rule.code == code), None)
    if default is None:
        raise NotFound(_("There is no such rule."))
    row = ServeRule.objects.select_for_update().filter(code=code).first() or ServeRule(
        code=code, position=default.position, days=default.days
    )
    before = _audited(row)
    row.position, row.is_active, row.text = position, is_active, text.strip()
    row.days = days if default.days is not None and days else default.days
    return _saved(row, before, actor)


@transaction.atomic
def own_rule_save(
    rule: ServeRule | None,
    *,
    when: str,
    value: str,
    text: str,
    position: int,
    is_active: bool,
    actor: Any,
) -> ServeRule:
    """Add or change a rule of the company's own. Audited. Raises Conflict for too many."""
    if rule is None and ServeRule.objects.filter(code=None).count() >= MOST_OWN:
        raise Conflict(_("At most %(most)d rules of your own.") % {"most": MOST_OWN})
    row = rule or ServeRule(position=position)
    before = _audited(row)
    row.when, row.value, row.text = when, value.strip(), text.strip()
    row.position, row.is_active = position, is_active
    return _saved(row, before, actor)


def _saved(row: ServeRule, before: dict[str, Any], actor: Any) -> ServeRule:
    is_new = row.pk is None
    if not is_new and _audited(row) == before:
        return row
    row.changed_by = actor
    row.save()
    audit.record(
        actor=actor,
        action="profile.serve_rule",
        target=f"serve_rule:{row.code or row.pk}",
        before=None if is_new else before,
        after=_audited(row),
    )
    return row


def _audited(row: ServeRule) -> dict[str, Any]:
    names = ("when", "value", "text", "days", "position", "is_active")
    return {name: getattr(row, name) for name in names}


@transaction.atomic
def rule_delete(rule: ServeRule, *, actor: Any) -> None:
    """Delete a rule of the company's own, or let a built-in one be as it comes. Audited."""
    audit.record(
        actor=actor,
        action="profile.serve_rule_delete",
        target=f"serve_rule:{rule.code or rule.pk}",
        before=_audited(rule),
    )
    rule.delete()
