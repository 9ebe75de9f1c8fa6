"""Every kind of message the archive knows, with its fields (archive.md §3), for those no phone page makes."""

from typing import Any

from wecom_sandbox.archive import archive
from wecom_sandbox.sandbox import Sandbox

_TYPES: dict[str, tuple[type, ...]] = {
    "s": (str,), "i": (int,), "f": (int, float), "l": (list,),
}  # fmt: skip
# msgtype: the object's key, then its fields with their types; a file's fields are the sandbox's to fill.
_KINDS: dict[str, tuple[str, str]] = {
    "text": ("text", "content:s"),
    "image": ("image", ""),
    "voice": ("voice", "play_length:i"),
    "video": ("video", "play_length:i"),
    "file": ("file", "filename:s fileext:s"),
    "emotion": ("emotion", "type:i width:i height:i"),
    "card": ("card", "corpname:s userid:s"),
    "location": ("location", "longitude:f latitude:f address:s title:s zoom:i"),
    "link": ("link", "title:s description:s link_url:s image_url:s"),
    "weapp": ("weapp", "title:s description:s username:s displayname:s"),
    "chatrecord": ("chatrecord", "title:s item:l"),
    "todo": ("todo", "title:s content:s"),
    "vote": ("vote", "votetitle:s voteitem:l votetype:i voteid:s"),
    "collect": ("collect", "room_name:s creator:s create_time:s title:s details:l"),
    "redpacket": ("redpacket", "type:i wish:s totalcnt:i totalamount:i"),
    "external_redpacket": ("redpacket", "type:i wish:s totalcnt:i totalamount:i"),
    "meeting": (
        "meeting",
        "topic:s starttime:i endtime:i address:s remarks:s meetingtype:i meetingid:i status:i",
    ),
    "docmsg": ("doc", "title:s doc_creator:s link_url:s"),
    "markdown": ("info", "content:s"),
    "news": ("info", "item:l"),
    "calendar": (
        "calendar",
        "title:s creatorname:s attendeename:l starttime:i endtime:i place:s remarks:s",
    ),
    "mixed": ("mixed", "item:l"),
    "meeting_voice_call": ("meeting_voice_call", "endtime:i demofiledata:l sharescreendata:l"),
    "voip_doc_share": ("voip_doc_share", "filename:s"),
    "sphfeed": ("sphfeed", "feed_type:i sph_name:s feed_desc:s"),
    "voiptext": ("info", "callduration:i invitetype:i"),
    "meeting_notification": ("info", "meeting_id:i notification_type:i content:s"),
    "qydiskfile": ("info", "filename:s"),
}
# Kinds that name a file, and how they call its size ('' for not at all).
_FILES = {
    "image": "filesize", "voice": "voice_size", "video": "filesize", "file": "filesize",
    "emotion": "imagesize", "voip_doc_share": "filesize", "meeting_voice_call": "",
}  # fmt: skip
# Kinds with an id beside the object.
_CALLS = {"meeting_voice_call": "voiceid", "voip_doc_share": "voipid"}


def parts(
    sandbox: Sandbox, msgtype: str, fields: dict[str, Any], body: bytes = b"", call_id: str = ""
) -> dict[str, Any]:
    """What stands beside the common fields of a message of that kind.

    Args:
        sandbox: the corp.
        msgtype: text, redpacket …
        fields: the object's own fields.
        body: the file, for kinds that name one.
        call_id: voiceid or voipid, for calls.

    Raises:
        ValueError: no such kind, or a field is missing, unknown or of another type.
    """
    if msgtype not in _KINDS:
        raise ValueError("msgtype must be one of " + ", ".join(_KINDS))
    key, written = _KINDS[msgtype]
    wanted = dict(one.split(":") for one in written.split())
    wrong = set(fields) ^ set(wanted)
    if wrong:
        raise ValueError(
            f"{msgtype} has the fields {', '.join(wanted)}: see {', '.join(sorted(wrong))}"
        )
    for name, value in fields.items():
        if isinstance(value, bool) or not isinstance(value, _TYPES[wanted[name]]):
            raise ValueError(f"{msgtype}.{name} has another type")
    beside = {_CALLS[msgtype]: call_id} if msgtype in _CALLS else {}
    return beside | {key: fields | (_file(sandbox, msgtype, body) if msgtype in _FILES else {})}


def _file(sandbox: Sandbox, msgtype: str, body: bytes) -> dict[str, Any]:
    kept = archive.keep_media(sandbox, body)
    size = _FILES[msgtype]
    if not size:
        return {"sdkfileid": kept["sdkfileid"]}
    return {"md5sum": kept["md5sum"], size: kept["filesize"], "sdkfileid": kept["sdkfileid"]}
