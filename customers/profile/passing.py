"""What a guide noted and promised goes along with the customers she handed over."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from contacts.directory.models import Member
from contacts.feed import services as feed
from customers.profile.models import FollowUpNote


@transaction.atomic
def notes_pass(giver: Member, taken: Mapping[UUID, int]) -> int:
    """Show successors (member ids by customer) what the former guide noted or was shown; return how many notes.

    A promise that is still open becomes the successor's task at its day. Repeating it changes nothing.
    """
    on_them = FollowUpNote.objects.filter(contact__in=sorted(taken))
    hers = on_them.filter(Q(userid__iexact=giver.userid) | Q(heirs=giver)).distinct()
    through = FollowUpNote.heirs.through
    heirs = [
        through(followupnote_id=note_id, member_id=taken[contact_id])
        for note_id, contact_id in hers.values_list("pk", "contact_id")
    ]
    through._default_manager.bulk_create(heirs, ignore_conflicts=True, batch_size=1000)
    promises: dict[int, list[str]] = {}
    for note_id, contact_id in on_them.filter(next_on__isnull=False, done_at=None).values_list(
        "pk", "contact_id"
    ):
        promises.setdefault(taken[contact_id], []).append(f"follow_up:{note_id}")
    for member_id, keys in sorted(promises.items()):
        feed.pass_on(keys, giver_id=giver.pk, member_id=member_id)
    return len(heirs)
