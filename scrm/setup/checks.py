"""The self-tests: each asks WeCom or our own public address, and returns a code with its facts."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.urls import reverse

from scrm.core import credentials, gateway, own_address
from scrm.core.exceptions import NotFound
from scrm.core.setup_models import SetupResult, VerifyFile
from scrm.setup import selectors
from scrm.wecom.callbacks import CallbackCrypto
from scrm.wecom.errors import WeComError
from scrm.wecom.types import Agent

GOOD, WARNING, BAD, UNUSED = (
    SetupResult.Outcome.GOOD,
    SetupResult.Outcome.WARNING,
    SetupResult.Outcome.BAD,
    SetupResult.Outcome.UNUSED,
)
CORP_ID = re.compile(r"w[wxp][0-9A-Za-z]{6,60}")
# "… from ip: 203.0.113.7, more info at …"
SEEN_IP = re.compile(r"from ip:\s*([0-9A-Fa-f.:]{3,45})")
IP_REFUSED = 60020
NOT_ALLOWED = 48002
NOT_OUR_AGENT = frozenset({40056, 41011, 301002})
Facts = dict[str, str | int]


@dataclass(frozen=True)
class Checked:
    """What a test found: an outcome, the code of its words, the facts in them."""

    outcome: SetupResult.Outcome
    code: str
    data: Facts = field(default_factory=dict)


def refusal(error: WeComError) -> Checked:
    """Return WeCom's refusal as a finding; the address it saw stands in the text of 60020."""
    if error.errcode == IP_REFUSED:
        seen = SEEN_IP.search(error.errmsg)
        return Checked(BAD, "ip_refused", {"ip": seen.group(1) if seen else ""})
    if error.errcode is None:
        return Checked(BAD, "wecom_silent", {"reason": error.errmsg[:120]})
    return Checked(
        BAD,
        "wecom_refused",
        {"errcode": error.errcode, "endpoint": error.endpoint, "errmsg": error.errmsg[:200]},
    )


def corp() -> Checked:
    """Look at the shape of the corp id; only the next step can prove it."""
    corp_id = credentials.corp_id()
    if not corp_id:
        return Checked(BAD, "corp_missing")
    if not CORP_ID.fullmatch(corp_id):
        return Checked(BAD, "corp_shape", {"corp_id": corp_id[:64]})
    return Checked(GOOD, "corp_good", {"corp_id": corp_id})


def _missing() -> Checked | None:
    if not credentials.corp_id():
        return Checked(BAD, "corp_missing")
    app = credentials.app_credentials("scrm")
    if app is None or not app.secret or not app.agent_id:
        return Checked(BAD, "app_missing")
    return None


def _agent() -> Agent:
    """Return our app as WeCom knows it; raises WeComError."""
    client = gateway.wecom(lane="sync")
    return client.agent.get(client.agent_id)


def app() -> Checked:
    """Get a token, and read the app by its number: the secret and the number must belong together."""
    if found := _missing():
        return found
    client = gateway.wecom(lane="sync")
    try:
        token = client.access_token
        agent = _agent()
    except WeComError as error:
        if error.errcode == IP_REFUSED:
            return Checked(GOOD, "app_token_only")
        if error.errcode in NOT_OUR_AGENT:
            return Checked(BAD, "agent_unknown", {"agent_id": client.agent_id})
        return refusal(error)
    facts: Facts = {
        "name": agent.name,
        "departments": len(agent.department_ids) + len(agent.tag_ids),
        "members": len(agent.user_ids),
    }
    if agent.closed:
        return Checked(WARNING, "app_closed", facts)
    if not (token and (facts["departments"] or facts["members"])):
        return Checked(WARNING, "app_nobody", facts)
    return Checked(GOOD, "app_good", facts)


def domain() -> Checked:
    """Fetch WeCom's file from our public address, and ask WeCom which domain the app trusts."""
    host = own_address.host()
    files = list(VerifyFile.objects.order_by("-id"))
    if not files:
        return Checked(BAD, "file_missing", {"host": host})
    for file in files:
        if bad := _served(file):
            return bad
    if _missing():
        return Checked(WARNING, "file_served_only", {"host": host, "file": files[0].name})
    try:
        trusted = _agent().trusted_domain
    except WeComError as error:
        if error.errcode == IP_REFUSED:
            return Checked(GOOD, "file_served", {"host": host, "file": files[0].name})
        return refusal(error)
    if not trusted:
        return Checked(WARNING, "domain_unset", {"host": host})
    if trusted.lower() != host.lower():
        return Checked(WARNING, "domain_differs", {"host": host, "trusted": trusted})
    return Checked(GOOD, "domain_good", {"host": host, "file": files[0].name})


def _served(file: VerifyFile) -> Checked | None:
    path = reverse("verify_file", args=[file.name])
    seen = own_address.ask(path)
    url = own_address.base_url() + path
    if seen.problem:
        return Checked(BAD, f"unreachable_{seen.problem}", {"url": url})
    if 300 <= seen.status < 400:
        return Checked(BAD, "redirected", {"url": url, "location": seen.location[:200]})
    if seen.status != 200 or seen.body.strip() != file.content.encode():
        return Checked(BAD, "file_differs", {"url": url, "status": seen.status})
    return None


def callback() -> Checked:
    """Verify our own callback address in both forms; then look whether WeCom itself came already."""
    return callback_of("scrm")


def callback_of(app_name: str) -> Checked:
    """Test one app's callback address; the facts name the form that failed."""
    if not credentials.corp_id():
        return Checked(BAD, "corp_missing")
    url = own_address.callback_url(app_name)
    results = own_address.verify_callback(app_name)
    if not results:
        return Checked(BAD, "keys_missing", {"url": url})
    for result in results:
        if result.outcome != "answered":
            return Checked(
                BAD,
                _echo_code(result.outcome),
                {"url": result.url, "status": result.status, "location": result.location},
            )
    confirmed = selectors.wecom_came_at(app_name)
    if confirmed is None:
        return Checked(WARNING, "callback_waits", {"url": url})
    return Checked(GOOD, "callback_good", {"url": url, "at": confirmed.isoformat()})


def _echo_code(outcome: str) -> str:
    return outcome if outcome.startswith("unreachable_") else f"callback_{outcome}"


def ip() -> Checked:
    """Call an API that looks at our address; 60020 names the address WeCom saw."""
    if found := _missing():
        return found
    try:
        _agent()
    except WeComError as error:
        if error.errcode not in NOT_OUR_AGENT:
            return refusal(error)
    return Checked(GOOD, "ip_good")


def customers() -> Checked:
    """Read who has customer contact."""
    if found := _missing():
        return found
    try:
        members = gateway.wecom(lane="sync").external_contact.get_follow_user_list()
    except WeComError as error:
        return refusal(error)
    if not members:
        return Checked(WARNING, "customers_nobody")
    return Checked(GOOD, "customers_good", {"count": len(members)})


def contacts() -> Checked:
    """Read a page of member ids by the address book's secret, and test its callback."""
    found = credentials.app_credentials("contacts")
    if found is None or not found.secret:
        return Checked(UNUSED, "contacts_unused")
    if not credentials.corp_id():
        return Checked(BAD, "corp_missing")
    try:
        gateway.wecom("contacts", lane="sync").user.list_id(limit=1)
    except WeComError as error:
        return refusal(error)
    answer = callback_of("contacts")
    if answer.outcome is BAD:
        return answer
    if answer.outcome is WARNING:
        return Checked(WARNING, "contacts_waits", answer.data)
    return Checked(GOOD, "contacts_good", answer.data)


def entries() -> Checked:
    """Get both tickets of the SDK and open the guides' first page from outside."""
    if found := _missing():
        return found
    try:
        jsapi = gateway.wecom(lane="sync").jsapi
        jsapi.ticket()
        jsapi.agent_ticket()
    except WeComError as error:
        return refusal(error)
    path = reverse("h5:home")
    seen = own_address.ask(path)
    url = own_address.base_url() + path
    if seen.problem:
        return Checked(BAD, f"unreachable_{seen.problem}", {"url": url})
    # Who is not logged in is sent to WeCom's log-in, through a page of ours.
    if seen.status not in {200, 302}:
        return Checked(BAD, "page_status", {"url": url, "status": seen.status})
    return Checked(GOOD, "entries_good", {"url": url})


def paid() -> Checked:
    """Ask for the assistant's quota; make sure the archive's private key still opens, and its secret works."""
    if found := _missing():
        return found
    facts: Facts = {}
    try:
        facts["balance"] = gateway.wecom(lane="sync").acquisition.quota().balance
    except WeComError as error:
        if error.errcode != NOT_ALLOWED:
            return refusal(error)
    archive = _archive()
    if archive.outcome is BAD or archive.outcome is WARNING:
        return archive
    used = archive.outcome is GOOD
    if not facts:
        return Checked(GOOD, "archive_good") if used else Checked(UNUSED, "paid_unused")
    return Checked(GOOD, "paid_both" if used else "quota_good", facts)


def _archive() -> Checked:
    private = credentials.value_of("archive.private_key")
    secret = credentials.value_of("archive.secret")
    if not private and not secret:
        return Checked(UNUSED, "paid_unused")
    if not private:
        return Checked(BAD, "archive_no_key")
    try:
        load_pem_private_key(private.encode(), password=None)
    except ValueError:
        return Checked(BAD, "archive_no_key")
    if not secret:
        return Checked(WARNING, "archive_no_secret")
    try:
        token = gateway.wecom("archive", lane="sync").access_token
    except WeComError as error:
        return refusal(error)
    except NotFound:
        token = ""
    return Checked(GOOD if token else BAD, "archive_good" if token else "archive_no_secret")


CHECKS: dict[str, Callable[[], Checked]] = {
    "corp": corp,
    "app": app,
    "domain": domain,
    "callback": callback,
    "ip": ip,
    "customers": customers,
    "contacts": contacts,
    "entries": entries,
    "paid": paid,
}


def usable_key(token: str, aes_key: str) -> bool:
    """Tell whether a pair can be a callback key at all."""
    try:
        CallbackCrypto(token, aes_key, "")
    except ValueError:
        return False
    return bool(token)
