"""Doctor's looks from outside: our public address, WeCom's file and callback there, what WeCom lets us do."""

import re

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scrm.core import credentials, gateway, own_address
from scrm.core.exceptions import ScrmError
from scrm.core.health.findings import Finding, Outcome
from scrm.core.setup_models import VerifyFile
from scrm.wecom.errors import WeComError

CERTIFICATE_WARNING_DAYS = 21
CERTIFICATE_BAD_DAYS = 5
IP_REFUSED = 60020
SEEN_IP = re.compile(r"from ip:\s*([0-9A-Fa-f.:]{3,45})")


def url() -> Finding:
    """Open our own public address as a stranger would, and look at its certificate."""
    base = own_address.base_url()
    seen = own_address.ask("/healthz")
    if seen.problem:
        return Finding("url", Outcome.BAD, _problem(base, seen.problem), _reach_hint())
    if seen.status != 200:
        answered = _("%(url)s answers %(status)s") % {
            "url": f"{base}/healthz",
            "status": seen.status,
        }
        return Finding("url", Outcome.BAD, answered, _reach_hint())
    days = own_address.certificate_days()
    if days is None:
        return Finding("url", Outcome.GOOD, _("%(url)s answers") % {"url": base})
    answered = _("%(url)s answers, certificate good for %(days)d days") % {
        "url": base,
        "days": days,
    }
    if days > CERTIFICATE_WARNING_DAYS:
        return Finding("url", Outcome.GOOD, answered)
    outcome = Outcome.BAD if days < CERTIFICATE_BAD_DAYS else Outcome.WARNING
    return Finding("url", outcome, answered, _("Renew the certificate."))


def _problem(address: str, problem: str) -> str:
    words = {
        "dns": _("%(url)s: the name cannot be resolved"),
        "tls": _("%(url)s: the certificate is not trusted"),
        "refused": _("%(url)s: nothing answers"),
        "timeout": _("%(url)s: no answer in time"),
    }
    return words.get(problem, _("%(url)s: the answer broke off")) % {"url": address}


def _reach_hint() -> str:
    return _("Start web process and proxy; check DNS, firewall, certificate and SCRM_BASE_URL.")


def verify_files() -> Finding:
    """Look whether WeCom's domain files come from our public address unchanged."""
    files = list(VerifyFile.objects.order_by("name"))
    if not files:
        return Finding(
            "verify",
            Outcome.WARNING,
            _("no WW_verify file"),
            _("Upload WeCom's file on the set-up page, step Trusted domain."),
        )
    wrong = [
        file.name
        for file in files
        if own_address.ask(f"/{file.name}").body.strip() != file.content.encode()
    ]
    if wrong:
        return Finding(
            "verify",
            Outcome.BAD,
            _("not served as uploaded: %(names)s") % {"names": ", ".join(wrong)},
            _("Let the proxy pass /WW_verify_….txt on to this product."),
        )
    names = ", ".join(file.name for file in files)
    return Finding("verify", Outcome.GOOD, _("%(names)s served") % {"names": names})


def callbacks() -> list[Finding]:
    """Verify each app's callback address as WeCom would, in both slash forms."""
    findings = []
    for app in ("scrm", "contacts"):
        results = own_address.verify_callback(app, quiet=True)
        if not results and app != "scrm":
            continue  # only companies with an OA need the address book's
        findings.append(_callback(app, results))
    return findings


def _callback(app: str, results: list[own_address.EchoResult]) -> Finding:
    name = f"callback {app}"
    if not results:
        return Finding(
            name,
            Outcome.WARNING,
            _("no Token and EncodingAESKey"),
            _("Make them on the set-up page, step Receive messages."),
        )
    wrong = next((result for result in results if result.outcome != "answered"), None)
    if wrong is None:
        return Finding(
            name, Outcome.GOOD, _("verified by ourselves, with and without the last slash")
        )
    seen = _("%(url)s: %(outcome)s %(status)s") % {
        "url": wrong.url,
        "outcome": wrong.outcome.removeprefix("unreachable_"),
        "status": wrong.status or "",
    }
    return Finding(
        name,
        Outcome.BAD,
        seen.strip(),
        _("Test the step Receive messages on the set-up page; it says what to change."),
    )


def permissions() -> Finding:
    """Read who has customer contact: the right that live codes, customers and welcomes hang on."""
    app = credentials.app_credentials("scrm")
    if not credentials.corp_id() or app is None or not app.secret:
        return Finding(
            "permissions",
            Outcome.WARNING,
            _("WeCom is not set up"),
            _("Open the set-up page (System, WeCom set-up)."),
        )
    try:
        members = gateway.wecom("scrm").external_contact.get_follow_user_list()
    except WeComError as error:
        return Finding("permissions", Outcome.BAD, _refused(error), _hint(error), error.link)
    except ScrmError as error:
        return Finding("permissions", Outcome.BAD, error.message)
    if not members:
        return Finding(
            "permissions",
            Outcome.WARNING,
            _("no member has customer contact"),
            _("Customer contact → Permissions: add the guides to the range of use."),
        )
    seen = _("%(count)d members have customer contact") % {"count": len(members)}
    return Finding("permissions", Outcome.GOOD, seen)


def _refused(error: WeComError) -> str:
    if error.errcode is None:
        return _("no proper answer of WeCom's")
    return _("WeCom refuses with %(errcode)d") % {"errcode": error.errcode}


def _hint(error: WeComError) -> str:
    words = error.words(get_language() or "en")
    found = SEEN_IP.search(error.errmsg) if error.errcode == IP_REFUSED else None
    return f"{words} {found.group(1)}" if found else words
