"""What each test's code says: what was seen, and the next step; made anew in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from scrm.core.setup_models import SetupResult
from scrm.wecom.errors import error_for

REFUSED = "wecom_refused"
TONES = {"good": "ok", "warning": "warn", "bad": "bad", "unused": "off"}


@dataclass(frozen=True)
class Words:
    """What a test saw and what to do now; the second is empty where nothing is to be done."""

    seen: str
    hint: str
    # WeCom's own page about a refusal of its.
    link: str = ""


WORDS: dict[str, tuple[Promise, Promise | str]] = {
    "changed": (
        _("Changed since the last test: its result no longer counts."),
        _("Press Test to see whether it works now."),
    ),
    "corp_missing": (_("No corp id is known."), _("Enter it in step 1.")),
    "corp_shape": (
        _("%(corp_id)s does not look like a corp id."),
        _("It begins with ww. Copy it again from My company → Company information."),
    ),
    "corp_good": (_("Corp id %(corp_id)s is stored."), ""),
    "app_missing": (
        _("AgentId or Secret of the app is missing."),
        _("Enter both in step 2."),
    ),
    "app_good": (
        _(
            "WeCom gives a token; the app %(name)s is visible to %(departments)s departments or tags and %(members)s members."
        ),
        "",
    ),
    "app_token_only": (
        _("WeCom gives a token: corp id and Secret belong together."),
        _("It answers nothing else before this server's address is trusted: step 5."),
    ),
    "agent_unknown": (
        _("The Secret is right, but AgentId %(agent_id)s is not this app's."),
        _("Copy AgentId again from the same page as the Secret."),
    ),
    "app_closed": (
        _("The app %(name)s is switched off."),
        _("Switch it on in WeCom's admin console, at the top of the app's page."),
    ),
    "app_nobody": (
        _("The app %(name)s is visible to nobody."),
        _("Set its visible range: guides, store managers and users of this console."),
    ),
    "file_missing": (
        _("No verification file was uploaded for %(host)s."),
        _("Download WW_verify_….txt where WeCom offers it for the domain, and upload it here."),
    ),
    "file_differs": (
        _("%(url)s answers %(status)s, but not with the uploaded file."),
        _("Another server answers for this domain, or a proxy keeps the path to itself."),
    ),
    "file_served_only": (
        _("%(file)s is served at the root of %(host)s."),
        _("Enter corp id, AgentId and Secret to see whether WeCom trusts the domain."),
    ),
    "file_served": (
        _("%(file)s is served at the root of %(host)s."),
        _("Whether WeCom trusts the domain is seen after step 5."),
    ),
    "domain_unset": (
        _("The file is served, but the app has no trusted domain yet."),
        _("Set the trusted domain of the app to exactly %(host)s."),
    ),
    "domain_differs": (
        _("The file is served, but WeCom trusts %(trusted)s, not %(host)s."),
        _("Set the trusted domain of the app to exactly %(host)s."),
    ),
    "domain_good": (_("%(file)s is served, and WeCom trusts %(host)s."), ""),
    "unreachable_dns": (
        _("The host of %(url)s cannot be resolved from here."),
        _("Check the DNS record of the domain, and SCRM_BASE_URL."),
    ),
    "unreachable_tls": (
        _("%(url)s has no certificate that is trusted."),
        _("Renew the certificate, with the whole chain, for exactly this host."),
    ),
    "unreachable_refused": (
        _("Nothing answers at %(url)s."),
        _("Start the proxy and open the port in the firewall; WeCom comes from outside."),
    ),
    "unreachable_timeout": (
        _("%(url)s did not answer within 6 seconds."),
        _("Look at firewall and proxy; WeCom itself waits 5 seconds only."),
    ),
    "unreachable_broken": (
        _("%(url)s broke off its answer."),
        _("Look into the log of the proxy in front."),
    ),
    "redirected": (
        _("%(url)s redirects to %(location)s."),
        _("WeCom follows no redirect: let the proxy pass this path on as it is."),
    ),
    "page_status": (
        _("%(url)s answers %(status)s."),
        _("Open it in a browser and look into the log of the web process."),
    ),
    "keys_missing": (
        _("No Token and EncodingAESKey are stored for %(url)s."),
        _("Make them here, then paste them into WeCom."),
    ),
    "callback_redirected": (
        _("%(url)s redirects to %(location)s: a redirect loses what WeCom sends."),
        _("Let the proxy pass /wecom/callback/ on as it is, with and without the last slash."),
    ),
    "callback_not_found": (
        _("%(url)s is not found (404)."),
        _("The proxy does not pass this path on, or the web process does not know the keys yet."),
    ),
    "callback_refused": (
        _("%(url)s refuses our own signature (400)."),
        _(
            "The web process has other keys than this one: wait five seconds; else look which environment sets WECOM_CB_TOKEN."
        ),
    ),
    "callback_status": (
        _("%(url)s answers %(status)s."),
        _("Look into the log of the proxy and of the web process."),
    ),
    "callback_wrong_echo": (
        _("%(url)s answers, but not with the decrypted text."),
        _("Something in between changes the answer; WeCom wants it bare."),
    ),
    "callback_waits": (
        _(
            "Our own test of %(url)s passed, with and without the last slash; WeCom has not come yet."
        ),
        _("Paste address, Token and EncodingAESKey into WeCom and press Save there."),
    ),
    "callback_good": (_("WeCom reaches %(url)s; it last came on %(at)s."), ""),
    "ip_refused": (
        _("WeCom does not trust this server's address %(ip)s."),
        _("Add %(ip)s under Trusted company IP of the app; it counts after about a minute."),
    ),
    "ip_good": (_("WeCom answers this server."), ""),
    "customers_nobody": (
        _("WeCom answers, but no member may use customer contact."),
        _("Customer contact → Permissions: add the guides to the range of use."),
    ),
    "customers_good": (_("%(count)s members have customer contact."), ""),
    "contacts_unused": (
        _("No Secret of the address book is stored."),
        _("Leave it so unless the OA makes and closes the accounts."),
    ),
    "contacts_waits": (
        _("The Secret works and our own test of %(url)s passed; WeCom has not come yet."),
        _("Paste address, Token and EncodingAESKey into the event server of Contacts sync."),
    ),
    "contacts_good": (
        _("The Secret works, and WeCom reaches %(url)s; it last came on %(at)s."),
        "",
    ),
    "entries_good": (_("Both SDK tickets came, and %(url)s opens from outside."), ""),
    "paid_unused": (
        _("Neither the acquisition assistant nor the session archive is in use."),
        _("Leave it so unless the company has bought them."),
    ),
    "quota_good": (
        _("Acquisition assistant: %(balance)s uses left. Session archive: not in use."),
        "",
    ),
    "archive_good": (_("Session archive: key pair and Secret work."), ""),
    "paid_both": (
        _(
            "Acquisition assistant: %(balance)s uses left. Session archive: key pair and Secret work."
        ),
        "",
    ),
    "archive_no_key": (
        _("The session archive has a Secret, but no usable key pair."),
        _("Make the key pair here and paste the public key into WeCom."),
    ),
    "archive_no_secret": (
        _("The session archive's key pair is there; its Secret is missing."),
        _("Copy the Secret from the session archive's page."),
    ),
    "wecom_silent": (
        _("WeCom gave no proper answer (%(reason)s)."),
        _("Check that this server reaches qyapi.weixin.qq.com on port 443, and test again."),
    ),
    "all_good": (_("All tests in use are good."), ""),
    "all_watch": (
        _("%(good)s good, %(warning)s to watch, none broken."),
        _("The corp is connected; see the yellow lines."),
    ),
    "all_bad": (
        _("%(bad)s broken, %(warning)s to watch, %(good)s good."),
        _("Begin with the first red line; later ones often follow from it."),
    ),
}


def words_of(result: SetupResult) -> Words:
    """Return a result in words; a code of another version keeps its name."""
    data = _readable(result.data)
    if result.code == REFUSED:
        return _refused(data)
    seen, hint = WORDS.get(result.code, (result.code, ""))
    return Words(_filled(str(seen), data), _filled(str(hint), data))


def _refused(data: Mapping[str, Any]) -> Words:
    errcode = int(data.get("errcode", -1))
    error = error_for(errcode, str(data.get("errmsg", "")), str(data.get("endpoint", "")))
    seen = _("WeCom refuses %(endpoint)s with %(errcode)s.") % {
        "endpoint": data.get("endpoint", ""),
        "errcode": errcode,
    }
    return Words(str(seen), error.hint.words(get_language() or "en"), error.link)


def _readable(data: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(data)
    if moment := found.get("at"):
        local = timezone.localtime(datetime.fromisoformat(str(moment)))
        found["at"] = date_format(local, "Y-m-d H:i")
    return found


def _filled(text: str, data: Mapping[str, Any]) -> str:
    try:
        return text % data
    except (KeyError, ValueError):
        return text
