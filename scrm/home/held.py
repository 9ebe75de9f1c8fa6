"""What WeCom takes no calls for, in words: the console's banner names the work that waits, not an address."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# By how an API's name begins; the first that fits counts.
GROUPS: tuple[tuple[tuple[str, ...], Promise], ...] = (
    (
        (
            "externalcontact/groupchat/transfer",
            "externalcontact/groupchat/onjob_transfer",
            "externalcontact/transfer",
            "externalcontact/resigned",
            "externalcontact/get_unassigned_list",
        ),
        _("hand-overs of customers"),
    ),
    (
        (
            "externalcontact/groupchat",
            "externalcontact/group_welcome_template",
            "externalcontact/opengid_to_chatid",
        ),
        _("customer groups"),
    ),
    (("externalcontact/customer_acquisition",), _("acquisition links")),
    (
        tuple(
            f"externalcontact/{act}_contact_way" for act in ("add", "get", "update", "del", "list")
        ),
        _("live codes"),
    ),
    (
        (
            "externalcontact/mark_tag",
            "externalcontact/get_corp_tag_list",
            "externalcontact/add_corp_tag",
            "externalcontact/edit_corp_tag",
            "externalcontact/del_corp_tag",
        ),
        _("customer tags"),
    ),
    (("externalcontact/remark",), _("customers' remarks")),
    (("externalcontact/send_welcome_msg",), _("welcome messages")),
    (("externalcontact/", "idconvert/"), _("reading customers")),
    (("user/", "department/", "tag/", "batch/", "agent/"), _("the address book")),
    (("message/", "webhook/"), _("messages to colleagues")),
    (("media/",), _("pictures and files")),
    (("gettoken", "auth/", "ticket/", "get_jsapi_ticket"), _("log-ins and permissions")),
)
OTHER = _("other work")


@dataclass(frozen=True)
class HeldWork:
    """Work WeCom takes no calls for: in words, and the APIs behind them."""

    words: str
    apis: str


def held_work(apis: tuple[str, ...]) -> HeldWork | None:
    """Return what waits while WeCom refuses these APIs; None for none."""
    if not apis:
        return None
    words = dict.fromkeys(str(_group(api)) for api in apis)
    return HeldWork(gettext(", ").join(words), ", ".join(apis))


def _group(api: str) -> Promise:
    return next((words for begins, words in GROUPS if api.startswith(begins)), OTHER)
