"""The remark a live code asks for: what the guide calls the customer, then the code's suffix."""

from customers.relations import services as relations
from customers.relations.models import FollowRelation
from scrm.core.gateway import wecom

# WeCom takes 20 characters (doc 92694).
MOST = 20


def remark_with(base: str, suffix: str) -> str | None:
    """Return the base cut to make room for the suffix; None when it ends with the suffix already."""
    if base.endswith(suffix):
        return None
    return base[: MOST - len(suffix)].rstrip() + suffix


def remark_in_mirror(userid: str, external_userid: str, suffix: str) -> str | None:
    """Return the remark our mirror of the relation leads to; None when there is nothing to write."""
    relation = _relation(userid, external_userid)
    if relation is None:
        return None
    return remark_with(relation.remark or relation.contact.name, suffix)


def remark_wanted(userid: str, external_userid: str, suffix: str) -> str | None:
    """Return the remark to write; reads the customer from WeCom where the mirror does not have the relation yet.

    Raises WeComError.
    """
    if _relation(userid, external_userid) is None:
        relations.contact_observed(wecom().external_contact.get(external_userid))
    return remark_in_mirror(userid, external_userid, suffix)


def _relation(userid: str, external_userid: str) -> FollowRelation | None:
    rows = FollowRelation.objects.filter(
        contact__external_userid=external_userid, member__userid__iexact=userid
    )
    return rows.exclude(observed_at=None).select_related("contact").first()
