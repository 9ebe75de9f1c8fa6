"""From hidden to shown: only headquarters' check makes a code and an offer, and what is missing is said."""

from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from attribution.entries.codes import LOCK, codes_sweep
from attribution.entries.models import Entry, EntryStore
from attribution.entries.selectors import Offer, Refusal, offer_for, serving
from attribution.entries.services import (
    EntryWording,
    entry_reword,
    entry_switch,
    stores_check,
    stores_hide,
    wording_of,
)
from attribution.entries.tasks import entry_codes_make
from attribution.entries.tickets import Visitor
from attribution.live_codes.models import LiveCode
from contacts.org.models import OrgUnit
from contacts.org.services import binding_set
from contacts.parameters.selectors import resolve
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.attribution import EntryFactory, EntryStoreFactory
from tests.factories.contacts import StoreFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(db: Any) -> Entry:
    return EntryFactory(code="result-gift")


def checked(entry: Entry, *stores: OrgUnit, actor: Any = None) -> None:
    """Check the stores and do the job."""
    job = stores_check(entry, [store.pk for store in stores], scope=SYSTEM_SCOPE, actor=actor)
    entry_codes_make(str(job.pk))
    job.refresh_from_db()
    assert (job.state, job.processed) == ("done", len(stores))


def reason(entry: Entry, store: OrgUnit) -> str:
    """Return why the entry is not offered, or "" when it is."""
    found = offer_for(store.code, entry_code=entry.code)
    return found.reason if isinstance(found, Refusal) else ""


def test_bound_accounts_alone_show_nothing_and_the_check_makes_a_code(
    entry: Entry, staff: Any
) -> None:
    store = StoreFactory(name="人民路店")
    for place, userid in enumerate(("li", "wang"), start=1):
        binding_set(store=store, member=staff(userid), position=place, actor=None)
    assert reason(entry, store) == "store_hidden"

    checked(entry, store)

    row = EntryStore.objects.get(entry=entry, store=store)
    assert (row.problem, reason(entry, store)) == ("", "")
    way = wecom().contact_way.get(str(row.live_code and row.live_code.config_id))
    assert (way.state, way.users) == (row.token, ("li", "wang"))
    meaning = resolve(row.token)
    assert meaning is not None
    assert (meaning.kind, meaning.store_id, meaning.payload) == (
        "entry", store.pk, {"entry": entry.pk},
    )  # fmt: skip


def test_a_store_without_an_account_says_so_and_works_as_soon_as_one_is_bound(
    entry: Entry, staff: Any
) -> None:
    store = StoreFactory()
    checked(entry, store)
    assert EntryStore.objects.get(store=store).problem == "no_account"
    assert reason(entry, store) == "no_member"
    assert codes_sweep() == 0

    binding_set(store=store, member=staff("li"), position=1, actor=None)

    assert codes_sweep() == 1
    assert reason(entry, store) == ""
    assert codes_sweep() == 0


def test_the_code_follows_the_bindings(entry: Entry, staff: Any) -> None:
    store, other = StoreFactory(), StoreFactory()
    li, wang = staff("li"), staff("wang")
    binding_set(store=store, member=li, position=1, actor=None)
    checked(entry, store)

    binding_set(store=store, member=wang, position=2, actor=None)
    binding_set(store=other, member=li, position=1, move=True, actor=None)
    assert codes_sweep() == 1

    row = EntryStore.objects.get(store=store)
    assert wecom().contact_way.get(str(row.live_code and row.live_code.config_id)).users == (
        "wang",
    )

    binding_set(store=other, member=wang, position=2, move=True, actor=None)
    codes_sweep()
    assert reason(entry, store) == "no_member"


def test_a_second_check_makes_no_second_code(entry: Entry, staff: Any) -> None:
    store = StoreFactory()
    binding_set(store=store, member=staff("li"), position=1, actor=None)

    checked(entry, store)
    checked(entry, store)

    assert LiveCode.objects.count() == EntryStore.objects.count() == 1
    assert len(wecom().contact_way.list().ids) == 1


def test_a_code_that_waits_for_wecom_is_not_offered(
    entry: Entry, staff: Any, wecom_sandbox_world: Any
) -> None:
    store = StoreFactory()
    binding_set(store=store, member=staff("li"), position=1, actor=None)
    wecom_sandbox_world.control.post(
        "faults",
        {"endpoint": "externalcontact/add_contact_way", "kind": "errcode", "value": -1, "count": 9},
    )

    checked(entry, store)

    assert EntryStore.objects.get(store=store).problem == "waiting"
    assert reason(entry, store) == "code_waiting"
    wecom_sandbox_world.control.delete("faults")
    assert codes_sweep() == 0  # the live codes' own sweep asks WeCom again
    assert EntryStore.objects.get(store=store).problem == "waiting"


def test_hiding_one_store_or_the_entry_ends_the_offer_and_keeps_the_code(
    shown: EntryStore, hq_ops: User
) -> None:
    scope = scope_for(hq_ops)
    assert stores_hide(shown.entry, [shown.store_id], scope=scope, actor=hq_ops) == 1
    assert reason(shown.entry, shown.store) == "store_hidden"

    EntryStore.objects.update(is_shown=True)
    entry_switch(shown.entry, shown=False, scope=scope, actor=hq_ops)
    assert reason(shown.entry, shown.store) == "entry_hidden"

    code = LiveCode.objects.get()
    assert code.status == LiveCode.Status.ACTIVE
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == ["entry.stores_hide", "entry.hide"]


def test_new_words_are_hidden_until_they_are_checked(shown: EntryStore, hq_ops: User) -> None:
    scope, entry = scope_for(hq_ops), shown.entry
    renamed = EntryWording(**{**vars(wording_of(entry)), "name": "新名称"})
    assert entry_reword(entry, renamed, scope=scope, actor=hq_ops).is_shown

    changed = EntryWording("新名称", "专属福利", "", "添加")
    assert not entry_reword(entry, changed, scope=scope, actor=hq_ops).is_shown
    assert reason(entry, shown.store) == "entry_hidden"

    entry_switch(entry, shown=True, scope=scope, actor=hq_ops)
    entry.refresh_from_db()
    assert (entry.title, entry.checked_by, reason(entry, shown.store)) == ("专属福利", hq_ops, "")


def test_only_headquarters_words_and_switches_and_nobody_checks_stores_of_others(
    shown: EntryStore, company: Any, branch_ops: User
) -> None:
    scope = scope_for(branch_ops)
    with pytest.raises(PermissionDenied):
        entry_switch(shown.entry, shown=False, scope=scope, actor=branch_ops)
    with pytest.raises(PermissionDenied):
        entry_reword(shown.entry, EntryWording("a", "b", "", "c"), scope=scope, actor=branch_ops)
    with pytest.raises(ValidationFailed):
        stores_check(shown.entry, [company.store_south.pk], scope=scope, actor=branch_ops)

    assert Entry.objects.get().is_shown
    assert EntryStore.objects.count() == 1
    assert not AuditEntry.objects.filter(action__startswith="entry.").exists()


def test_two_checks_at_a_time_are_one(shown: EntryStore, hq_ops: User) -> None:
    scope = scope_for(hq_ops)
    stores_check(shown.entry, [shown.store_id], scope=scope, actor=hq_ops)

    with pytest.raises(Conflict):
        stores_check(shown.entry, [shown.store_id], scope=scope, actor=hq_ops)


def test_a_closed_store_offers_nothing(shown: EntryStore) -> None:
    OrgUnit.objects.filter(pk=shown.store_id).update(status=OrgUnit.Status.CLOSED)

    assert reason(shown.entry, shown.store) == "store_unknown"


def test_where_two_entries_stand_each_visitor_always_gets_the_same(
    shown: EntryStore,
) -> None:
    second = EntryFactory(code="result-help", hook="service")
    EntryStoreFactory(entry=second, store=shown.store)

    def offered(unionid: str) -> str:
        found = offer_for("S1", place="order_result", visitor=Visitor(unionid=unionid))
        assert isinstance(found, Offer)
        return found.entry.code

    first = [offered(f"u{number}") for number in range(200)]
    assert [offered(f"u{number}") for number in range(200)] == first
    assert set(first) == {"result-gift", "result-help"}
    assert 70 <= first.count("result-gift") <= 130
    assert offer_for("S1", place="product_page") == Refusal("entry_missing")


def test_a_job_stopped_half_way_goes_on_behind_its_cursor(entry: Entry, staff: Any) -> None:
    stores = sorted((StoreFactory() for _ in range(3)), key=lambda store: store.pk)
    for number, store in enumerate(stores):
        binding_set(store=store, member=staff(f"m{number}"), position=1, actor=None)
    job = stores_check(entry, [store.pk for store in stores], scope=SYSTEM_SCOPE, actor=None)
    job.cursor, job.processed = stores[0].pk, 1
    job.save()

    entry_codes_make(str(job.pk))

    job.refresh_from_db()
    assert (job.state, job.processed, job.succeeded) == ("done", 3, 2)
    assert serving([stores[0].pk])
    made = EntryStore.objects.exclude(live_code=None).values_list("store_id", flat=True)
    assert set(made) == {stores[1].pk, stores[2].pk}


def test_a_check_of_many_stores_takes_as_many_statements_as_of_one(
    entry: Entry, django_assert_max_num_queries: Any
) -> None:
    stores = [StoreFactory() for _turn in range(40)]
    stores_check(entry, [stores[0].pk], scope=SYSTEM_SCOPE, actor=None)
    JobRun.objects.update(state="done")

    with django_assert_max_num_queries(16):
        stores_check(entry, [store.pk for store in stores], scope=SYSTEM_SCOPE, actor=None)

    rows = EntryStore.objects.filter(is_shown=True, checked_at__isnull=False)
    assert rows.count() == 40
    for row in rows:
        meaning = resolve(row.token)
        assert meaning is not None
        assert (meaning.kind, meaning.store_id, meaning.payload) == (
            "entry", row.store_id, {"entry": entry.pk},
        )  # fmt: skip


def test_a_sweep_does_nothing_while_another_one_runs(entry: Entry, staff: Any) -> None:
    store = StoreFactory()
    checked(entry, store)
    binding_set(store=store, member=staff("li"), position=1, actor=None)
    other = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        other.set_autocommit(True)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 7))", [LOCK])
        assert codes_sweep() == 0
        assert reason(entry, store) == "no_member"
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 7))", [LOCK])
    finally:
        other.close()

    assert codes_sweep() == 1
    assert reason(entry, store) == ""
