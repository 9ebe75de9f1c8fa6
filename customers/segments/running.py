"""Runs the rules that are on over persons: those whose facts changed, and once a night all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.oneid.models import PersonLink
from customers.relations.models import FollowRelation, RecordChange
from customers.segments.compiling import condition_checked, persons_meeting
from customers.segments.conditions import Branch, local_tag_ids_of, tag_ids_of
from customers.segments.deciding import Manner, Write, decide
from customers.segments.models import FactChange, RuleMark, TagRule
from customers.tags.marking import MARK_KIND, REFUSED, mark_put
from customers.tags.models import LocalTag, LocalTagMark
from customers.tags.selectors import tags_all, tags_by_id
from scrm.core.alerts.services import raise_alert
from scrm.core.audit import services as audit
from scrm.core.exceptions import ValidationFailed
from scrm.core.ids import uuid7
from scrm.core.jobs.services import Run, running
from scrm.core.outbox.models import OutboxMessage
from scrm.core.scope import SYSTEM_SCOPE

CHANGES = 1000
PERSONS = 1000
PATIENCE = timedelta(hours=1)
State = RuleMark.State
By = LocalTagMark.By


@dataclass
class Counts:
    """What one round did: persons looked at, tags asked for, tags to be taken off, local marks changed."""

    persons: int = 0
    added: int = 0
    removed: int = 0
    local: int = 0

    def __iadd__(self, other: "Counts") -> "Counts":
        self.persons += other.persons
        self.added += other.added
        self.removed += other.removed
        self.local += other.local
        return self


@dataclass(frozen=True)
class Running:
    """An active rule, read."""

    rule: TagRule
    tree: Branch

    @property
    def manner(self) -> Manner:
        """Return how it behaves."""
        return Manner(self.rule.takes_off, self.rule.puts_back)


@dataclass
class _Round:
    """One batch of persons and what each active rule says of them."""

    rules: Sequence[Running]
    persons: Sequence[UUID]
    meeting: dict[UUID, set[UUID]] = field(default_factory=dict)
    records: dict[UUID, UUID] = field(default_factory=dict)
    contacts: set[UUID] = field(default_factory=set)

    def wanted_elsewhere(self, rule: TagRule, tag: object, person: UUID) -> bool:
        """Tell whether another rule that is on wants this tag on this person."""
        return any(
            other.rule.pk != rule.pk
            and tag in (*other.rule.tag_ids, *other.rule.local_tag_ids)
            and person in self.meeting[other.rule.pk]
            for other in self.rules
        )


def changes_drain() -> Counts | None:
    """Work on at most 1,000 noted changes in one transaction; None when nothing waits."""
    with transaction.atomic():
        rows = FactChange.objects.select_for_update(skip_locked=True).order_by("pk")[:CHANGES]
        changes = {row.pk: row.record_id for row in rows}
        if not changes:
            return None
        links = PersonLink.objects.filter(record_id__in=set(changes.values()))
        persons = list(links.values_list("person_id", flat=True).distinct())
        counts = persons_evaluate(persons)
        FactChange.objects.filter(pk__in=list(changes)).delete()
        return counts


def run_check(job_id: UUID | str) -> None:
    """Run every rule that is on over every person, batch by batch; resumable."""
    with running(job_id) as run:
        began = timezone.now()
        refusals_note()
        while _batch(run):
            run.check_cancelled()
        TagRule.objects.filter(state=TagRule.State.ACTIVE, updated_at__lte=began).update(
            checked_at=began
        )


def _batch(run: Run) -> bool:
    done = run.cursor or {"person": "", "added": 0, "removed": 0, "local": 0}
    links = PersonLink.objects.order_by("person_id")
    if done["person"]:
        links = links.filter(person_id__gt=UUID(done["person"]))
    persons = list(links.values_list("person_id", flat=True).distinct()[:PERSONS])
    if not persons:
        run.result(**{name: done[name] for name in ("added", "removed", "local")})
        return False
    with transaction.atomic():
        counts = persons_evaluate(persons)
        cursor = {
            "person": str(persons[-1]),
            "added": done["added"] + counts.added,
            "removed": done["removed"] + counts.removed,
            "local": done["local"] + counts.local,
        }
        run.advance(processed=len(persons), succeeded=len(persons), cursor=cursor)
    return True


def persons_evaluate(persons: Sequence[UUID]) -> Counts:
    """Let every rule that is on look at these persons, in the caller's transaction."""
    rules_lock()
    rules = rules_running()
    if not rules or not persons:
        return Counts()
    batch = _Round(rules, persons)
    for each in rules:
        met = persons_meeting(each.tree, SYSTEM_SCOPE, persons).values_list("pk", flat=True)
        batch.meeting[each.rule.pk] = set(met)
    for record_id, kind, person_id in PersonLink.objects.filter(person_id__in=persons).values_list(
        "record_id", "record_kind", "person_id"
    ):
        batch.records[record_id] = person_id
        if kind == RecordChange.Kind.CONTACT:
            batch.contacts.add(record_id)
    counts = Counts(persons=len(persons))
    for each in rules:
        if each.rule.tag_ids:
            counts += _relations_settle(batch, each)
        if each.rule.local_tag_ids:
            counts += _records_settle(batch, each)
    return counts


def rules_lock() -> None:
    """Hold the rules until the transaction ends: two rounds at once would decide on the same marks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('customers.tag_rules', 7))")


def rules_running() -> list[Running]:
    """Return the rules that are on and can run; one that cannot is switched off, in words, with an alert."""
    found = []
    for rule in TagRule.objects.filter(state=TagRule.State.ACTIVE).order_by("created_at", "pk"):
        try:
            tree = condition_checked(rule.condition, SYSTEM_SCOPE)
            problem = tags_problem(rule, tree)
        except ValidationFailed as error:
            problem = error.message
        if problem:
            rule_halt(rule, problem)
        else:
            found.append(Running(rule, tree))
    return found


def tags_problem(rule: TagRule, tree: Branch) -> str:
    """Return which tags of a rule are gone, in words; empty when all live."""
    wanted = {*rule.tag_ids, *tag_ids_of(tree)}
    living = set(tags_all().filter(tag_id__in=wanted).values_list("tag_id", flat=True))
    known = tags_by_id(wanted - living)
    gone = sorted(known[each].name if each in known else each for each in wanted - living)
    ours = {*rule.local_tag_ids, *local_tag_ids_of(tree)}
    local = LocalTag.objects.filter(pk__in=ours).exclude(deleted_at=None)
    gone += sorted(local.values_list("name", flat=True))
    if not gone:
        return ""
    return _("Deleted tags: %(names)s. Choose others and switch the rule on again.") % {
        "names": _(", ").join(gone)
    }


def rule_halt(rule: TagRule, problem: str) -> None:
    """Switch a rule off that cannot run; what it did stays."""
    TagRule.objects.filter(pk=rule.pk).update(
        state=TagRule.State.STOPPED, problem=problem[:300], updated_at=timezone.now()
    )
    audit.record(
        actor=None,
        action="tag_rule.halt",
        target=f"tag_rule:{rule.pk}",
        after={"name": rule.name, "problem": problem},
    )
    raise_alert(
        kind="tag_rule.halted",
        key=f"tag_rule:{rule.pk}:{rule.version}",
        level="warning",
        title=_("Tag rule “%(name)s” was switched off") % {"name": rule.name},
        text=problem,
    )


# --- WeCom tags, on relations ----------------------------------------------------------------------------------


def _relations_settle(batch: _Round, each: Running) -> Counts:
    rule = each.rule
    relations = list(
        FollowRelation.objects.filter(
            contact_id__in=batch.contacts, status=FollowRelation.Status.ACTIVE
        )
        .select_related("member", "contact")
        .only("tag_ids", "contact_id", "member__userid", "contact__external_userid")
        .order_by("pk")
    )
    marks = {
        (mark.relation_id, mark.tag_id): mark
        for mark in RuleMark.objects.filter(rule=rule, relation__in=relations)
    }
    counts, changed = Counts(), []
    for relation in relations:
        writes: dict[Write, list[str]] = {Write.ADD: [], Write.REMOVE: []}
        key = f"{MARK_KIND}:rule:{uuid7()}"
        for tag_id in rule.tag_ids:
            mark = marks.get((relation.pk, tag_id))
            person = batch.records[relation.contact_id]
            wanted = person in batch.meeting[rule.pk]
            keeps = batch.wanted_elsewhere(rule, tag_id, person)
            state, write = decide(
                mark.state if mark else None,
                carries=tag_id in relation.tag_ids,
                wanted=wanted,
                manner=Manner(each.manner.takes_off and not keeps, each.manner.puts_back),
            )
            if write:
                writes[write].append(tag_id)
            if state and (mark is None or mark.state != state):
                mark = mark or RuleMark(rule=rule, relation=relation, tag_id=tag_id)
                mark.state, mark.at = state, timezone.now()
                mark.key = key if write else mark.key
                changed.append(mark)
        if writes[Write.ADD] or writes[Write.REMOVE]:
            mark_put(
                key,
                relation.member.userid,
                relation.contact.external_userid,
                add=writes[Write.ADD],
                remove=writes[Write.REMOVE],
                lane="sync",
            )
        counts.added += len(writes[Write.ADD])
        counts.removed += len(writes[Write.REMOVE])
    _marks_store(changed)
    return counts


def _marks_store(marks: Sequence[RuleMark]) -> None:
    RuleMark.objects.bulk_create(
        marks,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["rule", "relation", "tag_id"],
        update_fields=["state", "at", "key"],
    )


def marks_settled(key: str) -> int:
    """Note that WeCom took what an outgoing action asked for; return how many marks that was."""
    mine = RuleMark.objects.filter(key=key)
    now = timezone.now()
    put = mine.filter(state=State.ASKED).update(state=State.PUT, at=now)
    return put + mine.filter(state=State.LEAVING).update(state=State.OFF, at=now)


def refusals_note() -> int:
    """Mark what WeCom refused for good, so that it is shown and not waited for; return how many."""
    waiting = RuleMark.objects.filter(
        state__in=(State.ASKED, State.LEAVING), at__lt=timezone.now() - PATIENCE
    )
    refused = OutboxMessage.objects.filter(kind=MARK_KIND, status__in=REFUSED)
    return waiting.filter(key__in=refused.values("key")).update(
        state=State.REFUSED, at=timezone.now()
    )


# --- local tags, on records --------------------------------------------------------------------------------------


def _records_settle(batch: _Round, each: Running) -> Counts:
    rule = each.rule
    found = {
        (mark.tag_id, mark.record_id): mark
        for mark in LocalTagMark.objects.filter(
            tag_id__in=rule.local_tag_ids, record_id__in=list(batch.records)
        )
    }
    made: list[LocalTagMark] = []
    again: list[int] = []
    off: list[int] = []
    for tag_id in rule.local_tag_ids:
        for record_id, person in batch.records.items():
            mark = found.get((tag_id, record_id))
            if person in batch.meeting[rule.pk]:
                if mark is None:
                    made.append(
                        LocalTagMark(
                            tag_id=tag_id, record_id=record_id, by=By.RULE, rule_id=rule.pk
                        )
                    )
                elif _comes_back(mark, rule):
                    again.append(mark.pk)
            elif mark is not None and _goes(mark, rule):
                if not batch.wanted_elsewhere(rule, tag_id, person):
                    off.append(mark.pk)
    LocalTagMark.objects.bulk_create(made, batch_size=1000, ignore_conflicts=True)
    _marks_set(again, removed_at=None, removed_by="", by=By.RULE, rule_id=rule.pk)
    _marks_set(off, removed_at=timezone.now(), removed_by=By.RULE)
    return Counts(local=len(made) + len(again) + len(off))


def _comes_back(mark: LocalTagMark, rule: TagRule) -> bool:
    return mark.removed_at is not None and (mark.removed_by == By.RULE or rule.puts_back)


def _goes(mark: LocalTagMark, rule: TagRule) -> bool:
    is_own = mark.by == By.RULE and mark.rule_id == rule.pk
    return mark.removed_at is None and is_own and rule.takes_off


def _marks_set(marks: Iterable[int], **values: object) -> None:
    ids = list(marks)
    if ids:
        LocalTagMark.objects.filter(pk__in=ids).update(**values)
