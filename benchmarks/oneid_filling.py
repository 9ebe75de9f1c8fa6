"""The backfill, online and audit parts of OneID's rows: every record by the product's own path."""

import time
from typing import Any

from django.db import connection

from benchmarks import oneid_peers, oneid_world
from customers.oneid import services
from customers.oneid.audit import audit
from customers.oneid.models import PersonLink
from customers.oneid.quarantine import limits
from customers.relations.models import ExternalContact, RecordChange

BROKEN = 40


def measure(ones: int, naive: int) -> dict[str, Any]:
    """Keep the newest customers for the online and the naive part, fill in the rest, audit and repair."""
    kept = list(
        ExternalContact.objects.order_by("-pk").values_list("pk", "external_userid")[: ones + naive]
    )
    oneid_world.execute(oneid_world.NOTES)
    RecordChange.objects.filter(record_id__in=[pk for pk, _name in kept]).delete()
    oneid_world.analyze()
    noted = RecordChange.objects.count()
    begun = oneid_world.cpu_seconds()
    while services.reconcile_pending() is not None:
        pass
    found: dict[str, Any] = {"backfill": (oneid_world.cpu_seconds() - begun) / noted * 1e6}
    oneid_world.analyze()
    found |= _online(kept[:ones])
    found |= _naive([pk for pk, _name in kept[ones:]])
    return found | _audited() | _repaired()


def _online(customers: list[tuple[Any, str]]) -> dict[str, Any]:
    """One customer, one commit; beside one row, one commit, in turns."""
    RecordChange.objects.bulk_create(
        RecordChange(record_kind="contact", record_id=pk) for pk, _ in customers
    )
    took: list[float] = []
    ours: list[float] = []
    floor: list[float] = []
    step = 200
    for start in range(0, len(customers), step):
        begun = oneid_world.cpu_seconds()
        for number in range(start, start + step):
            oneid_world.insert_alone(number)
        floor.append(oneid_world.cpu_seconds() - begun)
        begun = oneid_world.cpu_seconds()
        for _pk, name in customers[start : start + step]:
            clock = time.perf_counter()
            services.reconcile_contact(name)
            took.append(time.perf_counter() - clock)
        ours.append(oneid_world.cpu_seconds() - begun)
    took.sort()
    looks = sum(each > 10 * took[len(took) // 2] for each in took)
    share = 1e6 / step
    return {
        "online": min(ours) * share, "floor": min(floor) * share, "ones": len(customers), "looks": looks,
        "p50": took[len(took) // 2] * 1000, "p99": took[int(len(took) * 0.99)] * 1000,
    }  # fmt: skip


def _naive(contact_ids: list[Any]) -> dict[str, Any]:
    begun = oneid_world.cpu_seconds()
    for pk in contact_ids:
        oneid_world.contact_naive(pk)
    spent = oneid_world.cpu_seconds() - begun
    # What the naive way made of them is not ours to keep: they come in by our own path.
    RecordChange.objects.bulk_create(
        RecordChange(record_kind="contact", record_id=pk) for pk in contact_ids
    )
    while services.reconcile_pending() is not None:
        pass
    return {"naive": spent / len(contact_ids) * 1e6}


def _audited() -> dict[str, Any]:
    begun = oneid_world.cpu_seconds()
    done = audit()
    spent = oneid_world.cpu_seconds() - begun
    edges = oneid_peers.edges_load()
    active = oneid_world.active_members()
    judged = oneid_peers.oracle(edges, active, limits().degree, limits().records)
    links = {
        str(record): str(person)
        for record, person in PersonLink.objects.values_list("record_id", "person_id")
    }
    numbers: dict[str, int] = {}
    mine = [numbers.setdefault(links[text], len(numbers)) for text in edges.record_ids.to_pylist()]
    return {
        "differences": done.differences, "audit": spent, "records": done.records,
        "persons": len(numbers), "same": oneid_peers.same(mine, judged),
    }  # fmt: skip


def _repaired() -> dict[str, Any]:
    """Move some links behind OneID's back: the audit must find and mend exactly these."""
    before = dict(PersonLink.objects.values_list("record_id", "person_id"))
    victims = list(
        PersonLink.objects.order_by("pk").values_list("pk", flat=True)[: BROKEN * 50 : 50]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_personlink SET person_id = (SELECT person_id FROM customers_personlink "
            "ORDER BY id DESC LIMIT 1) WHERE id = ANY (%s)", [victims])  # fmt: skip
    done = audit()
    after = dict(PersonLink.objects.values_list("record_id", "person_id"))
    together = {frozenset(ids) for ids in _groups(before)}
    return {
        "broken": len(victims), "repaired": done.moved,
        "unrepaired": len(together ^ {frozenset(ids) for ids in _groups(after)}),
    }  # fmt: skip


def _groups(links: dict[Any, Any]) -> list[list[Any]]:
    found: dict[Any, list[Any]] = {}
    for record, person in links.items():
        found.setdefault(person, []).append(record)
    return list(found.values())
