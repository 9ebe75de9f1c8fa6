"""Who opens a group's page in WeChat: web OAuth of the service account, and what it leads to.

An openid alone is nobody we know. The unionid comes from the consent, from the service account's followers, or from
an earlier visit; the customer of WeCom is who has that unionid in the group, or whom WeCom says it is.
"""

from dataclasses import dataclass

from django.utils import timezone

from customers.groups import services
from customers.groups.models import CustomerGroup, GroupMember, WeChatIdentity
from scrm.core.gateway import wechat, wecom
from scrm.core.limits import counted
from scrm.wechat.errors import WeChatError
from scrm.wechat.types import OAuthGrant
from scrm.wecom.errors import WeComError

# A group is read again for a visitor it does not list at most so often.
REFRESH_SECONDS = 60


@dataclass(frozen=True)
class Visitor:
    """Somebody who opened the page: known to WeChat, and perhaps to the group (`stay`)."""

    identity: WeChatIdentity
    stay: GroupMember | None


def arrived(code: str, *, consented: bool) -> WeChatIdentity | None:
    """Return who came back from WeChat's page; None for a snapshot, which is nobody. Raises WeChatError."""
    client = wechat("service")
    grant = client.oauth.access_token(code)
    if grant.snapshot:
        return None
    unionid = grant.unionid or (client.oauth.userinfo(grant).unionid if consented else None)
    known = WeChatIdentity.objects.filter(appid=client.appid, openid=grant.openid).first()
    if not unionid and (known is None or not known.unionid):
        unionid = _of_follower(grant)
    identity, _made = WeChatIdentity.objects.get_or_create(
        appid=client.appid, openid=grant.openid, defaults={"seen_at": timezone.now()}
    )
    identity.unionid = unionid or identity.unionid
    identity.seen_at = timezone.now()
    identity.save(update_fields=["unionid", "seen_at"])
    return identity


def _of_follower(grant: OAuthGrant) -> str | None:
    """Return the unionid the service account knows of a follower; a refusal is as good as nobody."""
    try:
        return wechat("service").user.info(grant.openid).unionid
    except WeChatError:
        return None


def visitor_in(identity: WeChatIdentity, group: CustomerGroup) -> Visitor:
    """Return who this is in a group; the group is read once more for somebody who may have just come in."""
    stay = _stay(identity, group)
    if stay is None and _may_read(group):
        try:
            services.group_refresh(group.chat_id, lane="event")
        except WeComError as error:
            services.group_failed(group.chat_id, error)
        stay = _stay(identity, group)
    return Visitor(identity, stay or _converted(identity, group))


def _stay(identity: WeChatIdentity, group: CustomerGroup) -> GroupMember | None:
    here = GroupMember.objects.filter(group=group, kind=GroupMember.Kind.CUSTOMER, left_at=None)
    if identity.unionid:
        found = here.filter(unionid=identity.unionid).first()
        if found is not None:
            return found
    return (
        here.filter(userid=identity.external_userid).first() if identity.external_userid else None
    )


def _may_read(group: CustomerGroup) -> bool:
    once = counted("groups.visitor", str(group.pk), REFRESH_SECONDS) == 1
    return once and group.dismissed_at is None


def _converted(identity: WeChatIdentity, group: CustomerGroup) -> GroupMember | None:
    """Ask WeCom whose external contact this is, where its groups tell no unionid (doc 95926)."""
    if not identity.unionid or identity.external_userid:
        return None
    if counted("groups.convert", str(identity.pk), REFRESH_SECONDS) > 1:
        return None
    try:
        found = wecom().external_contact.unionid_to_external_userid(
            identity.unionid, identity.openid
        )
    except WeComError:
        return None
    if not found.external_userid:
        return None
    identity.external_userid = found.external_userid
    identity.save(update_fields=["external_userid"])
    return _stay(identity, group)
