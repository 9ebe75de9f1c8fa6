"""Writes of tag rules: made, tried without effect, switched on and off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from customers.oneid.models import PersonLink
from customers.relations.models import FollowRelation, RecordChange
from customers.segments.circles import circle_check, link_of
from customers.segments.compiling import condition_checked, persons_meeting
from customers.segments.conditions import Branch, condition_json
from customers.segments.models import RuleMark, TagRule
from customers.segments.running import Running, rules_lock, rules_running, tags_problem
from customers.tags.models import LocalTag, LocalTagMark
from customers.tags.services import tags_check
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SYSTEM_SCOPE

GOOD_FOR = timedelta(days=1)
SAMPLE = 10
MOST_TAGS = 20


@dataclass(frozen=True)
class RuleWish:
    """What a rule shall be: condition as JSON, tag ids, ids of local tags, and how it behaves."""

    name: str
    condition: Any
    tag_ids: Sequence[str]
    local_tag_ids: Sequence[int]
    takes_off: bool = False
    puts_back: bool = False


@transaction.atomic
def rule_save(rule: TagRule | None, wish: RuleWish, *, actor: Any) -> TagRule:
    """Make or change a rule; a changed one is off until it was tried again. Raises ValidationFailed, Conflict."""
    tree = _checked(wish)
    _name_check(rule, wish.name.strip())
    before = None
    if rule is None:
        rule = TagRule(created_by=actor)
    else:
        rule = TagRule.objects.select_for_update().get(pk=rule.pk)
        before = _told(rule)
        rule.version += 1
        rule.state = TagRule.State.STOPPED if rule.state != TagRule.State.DRAFT else rule.state
    rule.name, rule.condition = wish.name.strip(), condition_json(tree)
    rule.tag_ids, rule.local_tag_ids = list(wish.tag_ids), list(wish.local_tag_ids)
    rule.takes_off, rule.puts_back = wish.takes_off, wish.puts_back
    rule.problem, rule.dry_run, rule.dry_run_at = "", {}, None
    is_new = rule._state.adding
    rule.save()
    audit.record(
        actor=actor,
        action="tag_rule.create" if is_new else "tag_rule.update",
        target=f"tag_rule:{rule.pk}",
        before=before,
        after=_told(rule),
    )
    return rule


def _name_check(rule: TagRule | None, name: str) -> None:
    """Raise Conflict when another rule is called so; held until the commit, or two at once would be."""
    rules_lock()
    others = TagRule.objects.filter(name__iexact=name)
    if rule is not None:
        others = others.exclude(pk=rule.pk)
    if others.exists():
        raise Conflict(
            _("There is a rule of that name already. Choose another."),
            code="rule_name_taken",
            field="name",
        )


def _checked(wish: RuleWish) -> Branch:
    if not wish.name.strip():
        raise ValidationFailed(_("Give the rule a name."), code="rule_name", field="name")
    if not wish.tag_ids and not wish.local_tag_ids:
        raise ValidationFailed(_("Choose at least one tag."), code="no_tag", field="tags")
    if len(wish.tag_ids) + len(wish.local_tag_ids) > MOST_TAGS:
        raise ValidationFailed(
            _("At most %(most)d tags a rule.") % {"most": MOST_TAGS}, code="many_tags", field="tags"
        )
    if wish.tag_ids:
        tags_check(wish.tag_ids, [])
    local = LocalTag.objects.filter(pk__in=wish.local_tag_ids, deleted_at=None)
    if local.count() != len(set(wish.local_tag_ids)):
        raise ValidationFailed(_("A local tag is deleted. Choose another."), code="tag_deleted")
    return condition_checked(wish.condition, SYSTEM_SCOPE)


def _told(rule: TagRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "state": rule.state,
        "version": rule.version,
        "condition": rule.condition,
        "tags": list(rule.tag_ids),
        "local_tags": [str(each) for each in rule.local_tag_ids],
        "takes_off": rule.takes_off,
        "puts_back": rule.puts_back,
    }


def rule_try(rule: TagRule, *, actor: Any) -> TagRule:
    """Count exactly what switching on would do now, and keep it with a sample; changes nobody's tags."""
    tree = condition_checked(rule.condition, SYSTEM_SCOPE)
    others = _others(rule, tree)
    found = _tried(rule, tree, others)
    with transaction.atomic():
        TagRule.objects.filter(pk=rule.pk, version=rule.version).update(
            dry_run={**found, "version": rule.version}, dry_run_at=timezone.now()
        )
        audit.record(
            actor=actor,
            action="tag_rule.try",
            target=f"tag_rule:{rule.pk}",
            after={"version": rule.version, "persons": found["persons"], "added": found["added"]},
        )
    rule.refresh_from_db()
    return rule


def _others(rule: TagRule, tree: Branch) -> list[Running]:
    """Return the other rules that are on; raises ValidationFailed when this one cannot run beside them."""
    if problem := tags_problem(rule, tree):
        raise ValidationFailed(problem, code="tag_deleted")
    others = [each for each in rules_running() if each.rule.pk != rule.pk]
    circle_check(link_of(rule, tree), [link_of(each.rule, each.tree) for each in others])
    return others


def _tried(rule: TagRule, tree: Branch, others: Sequence[Running]) -> dict[str, Any]:
    persons = persons_meeting(tree).values("pk")
    links = PersonLink.objects.filter(person__in=persons)
    contacts = links.filter(record_kind=RecordChange.Kind.CONTACT)
    living = FollowRelation.objects.filter(
        contact_id__in=contacts.values("record_id"), status=FollowRelation.Status.ACTIVE
    )
    tags = {tag_id: _tag_tried(rule, tag_id, living) for tag_id in rule.tag_ids}
    local = {str(tag_id): _local_tried(rule, tag_id, links) for tag_id in rule.local_tag_ids}
    sample = contacts.order_by("record_id").values_list("record_id", flat=True)[:SAMPLE]
    return {
        "persons": links.values("person_id").distinct().count(),
        "relations": living.count(),
        "added": sum(each["added"] for each in (*tags.values(), *local.values())),
        "tags": tags,
        "local": local,
        "leaving": _leaving(rule, links, others) if rule.takes_off else 0,
        "sample": [str(each) for each in sample],
    }


def _leaving(rule: TagRule, links: QuerySet[PersonLink], others: Sequence[Running]) -> int:
    """Count the tags it put on whoever does not meet it; another rule that wants the tag there keeps it."""
    count = 0
    for tag_id in rule.tag_ids:
        put = RuleMark.objects.filter(
            rule=rule,
            tag_id=tag_id,
            state__in=(RuleMark.State.ASKED, RuleMark.State.PUT),
            relation__status=FollowRelation.Status.ACTIVE,
            relation__tag_ids__contains=[tag_id],
        )
        for stay in (links, *_wanting(tag_id, others)):
            put = put.exclude(relation__contact_id__in=stay.values("record_id"))
        count += put.count()
    for local_id in rule.local_tag_ids:
        marks = LocalTagMark.objects.filter(tag_id=local_id, rule_id=rule.pk, removed_at=None)
        for stay in (links, *_wanting(local_id, others)):
            marks = marks.exclude(record_id__in=stay.values("record_id"))
        count += marks.count()
    return count


def _wanting(tag: str | int, others: Sequence[Running]) -> list[QuerySet[PersonLink]]:
    """Return the records on which other rules want a tag."""
    return [
        PersonLink.objects.filter(person__in=persons_meeting(each.tree).values("pk"))
        for each in others
        if tag in (*each.rule.tag_ids, *each.rule.local_tag_ids)
    ]


def _tag_tried(rule: TagRule, tag_id: str, living: QuerySet[FollowRelation]) -> dict[str, int]:
    lacking = living.exclude(tag_ids__contains=[tag_id])
    kept = RuleMark.objects.filter(rule=rule, tag_id=tag_id)
    waits = Q(state__in=(RuleMark.State.ASKED, RuleMark.State.REFUSED))
    if not rule.puts_back:
        # What a person took off: noted, or to be noted when the rule runs.
        waits |= Q(state__in=(RuleMark.State.LEFT, RuleMark.State.PUT, RuleMark.State.FOUND))
    held = lacking.filter(pk__in=kept.filter(waits).values("relation_id")).count()
    return {
        "added": lacking.count() - held,
        "carried": living.count() - lacking.count(),
        "left": held,
    }


def _local_tried(rule: TagRule, tag_id: int, links: QuerySet[PersonLink]) -> dict[str, int]:
    marks = LocalTagMark.objects.filter(tag_id=tag_id, record_id__in=links.values("record_id"))
    carried = marks.filter(removed_at=None).count()
    removed = marks.exclude(removed_at=None)
    held = 0 if rule.puts_back else removed.filter(removed_by=LocalTagMark.By.HUMAN).count()
    return {"added": links.count() - carried - held, "carried": carried, "left": held}


@transaction.atomic
def rule_activate(rule: TagRule, *, actor: Any) -> JobRun:
    """Switch a rule on and start looking at everybody; needs a dry run of this version of the last day."""
    rule = TagRule.objects.select_for_update().get(pk=rule.pk)
    if rule.state == TagRule.State.ACTIVE:
        raise Conflict(_("This rule is on already."), code="rule_active")
    tried = rule.dry_run_at is not None and rule.dry_run_at > timezone.now() - GOOD_FOR
    if not tried or rule.dry_run.get("version") != rule.version:
        raise Conflict(_("Try the rule first: a dry run is good for one day."), code="rule_untried")
    _others(rule, condition_checked(rule.condition, SYSTEM_SCOPE))
    rule.state, rule.problem = TagRule.State.ACTIVE, ""
    rule.save(update_fields=["state", "problem", "updated_at"])
    audit.record(
        actor=actor,
        action="tag_rule.activate",
        target=f"tag_rule:{rule.pk}",
        after={
            "name": rule.name,
            "version": rule.version,
            "persons": rule.dry_run["persons"],
            "added": rule.dry_run["added"],
        },
    )
    return check_start(actor=actor, key=str(rule.pk))


@transaction.atomic
def rule_stop(rule: TagRule, *, actor: Any) -> None:
    """Switch a rule off; the tags it put stay. Raises Conflict when it is off."""
    rule = TagRule.objects.select_for_update().get(pk=rule.pk)
    if rule.state != TagRule.State.ACTIVE:
        raise Conflict(_("This rule is off already."), code="rule_off")
    rule.state = TagRule.State.STOPPED
    rule.save(update_fields=["state", "updated_at"])
    audit.record(
        actor=actor,
        action="tag_rule.stop",
        target=f"tag_rule:{rule.pk}",
        after={"name": rule.name, "version": rule.version},
    )


@transaction.atomic
def rule_delete(rule: TagRule, *, actor: Any) -> None:
    """Delete a rule that is off; the tags it put stay. Raises Conflict while it is on."""
    # A round under way may be writing marks of it.
    rules_lock()
    rule = TagRule.objects.select_for_update().get(pk=rule.pk)
    if rule.state == TagRule.State.ACTIVE:
        raise Conflict(_("This rule is on. Switch it off first."), code="rule_active")
    audit.record(
        actor=actor,
        action="tag_rule.delete",
        target=f"tag_rule:{rule.pk}",
        before=_told(rule),
    )
    rule.delete()


def check_start(*, actor: Any, key: str = "") -> JobRun:
    """Start running all rules that are on over everybody; raises Conflict while that is under way."""
    links = PersonLink.objects.values("person_id").distinct().count()
    return jobs.start(
        kind="tag_rules.check",
        key=key,
        task="customers.tag_rules_check",
        actor=actor,
        total=links,
        title=gettext_noop("Tag rules: look at every customer"),
    )


def sample_of(rule: TagRule) -> list[UUID]:
    """Return the customers of the newest dry run's sample."""
    return [UUID(each) for each in rule.dry_run.get("sample", [])]
