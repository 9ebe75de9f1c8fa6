"""Sends WeCom's invitation again."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from scrm.core.audit.services import record
from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.gateway import wecom, words
from scrm.wecom.api.batch import INVITED_AT_ONCE
from scrm.wecom.errors import WeComError


def members_invite(members: Sequence[Member], *, actor: Any) -> int:
    """Let WeCom invite these members again, at most 1,000; returns how many it knew. Audited.

    WeCom sends one invitation a day, for three working days. Raises ValidationFailed where nobody is left to
    invite, ExternalFailure with WeCom's words.
    """
    userids = [member.userid for member in members if member.status == Member.Status.NOT_ACTIVATED][
        :INVITED_AT_ONCE
    ]
    if not userids:
        raise ValidationFailed(
            _("None of these accounts waits for its first log-in."), code="nobody_to_invite"
        )
    try:
        unknown = wecom("contacts", lane="sync").batch.invite(userids)
    except WeComError as failure:
        raise ExternalFailure(words(failure), code="invite_refused") from failure
    with transaction.atomic():
        record(
            actor=actor,
            action="directory.invite",
            target="member:*",
            after={"userids": userids, "unknown": list(unknown)},
        )
    return len(userids) - len(unknown)
