"""Members that something else named before the address book did."""

from collections.abc import Iterable

from contacts.directory.models import Member
from contacts.directory.selectors import members_by_userids


def members_ensure(userids: Iterable[str]) -> dict[str, Member]:
    """Return members by lower-cased userid; unknown ones get a bare row that the next refresh fills."""
    wanted = {userid.lower(): userid for userid in userids if userid}
    if not wanted:
        return {}
    found = members_by_userids(wanted)
    missing = [userid for folded, userid in sorted(wanted.items()) if folded not in found]
    if missing:
        Member.objects.bulk_create(
            [Member(userid=userid) for userid in missing], ignore_conflicts=True
        )
        found = members_by_userids(wanted)
    return found
