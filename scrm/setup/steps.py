"""The ten steps as data: what each is for, where to click in WeCom's admin console, which test proves it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Step:
    """One step; `needed` ones must be proven before the corp counts as connected."""

    key: str
    title: Promise
    aim: Promise
    lines: tuple[Promise, ...]
    needed: bool = True


STEPS: tuple[Step, ...] = (
    Step(
        "corp",
        _("Corp id"),
        _("Says which company this installation belongs to."),
        (
            _("Open WeCom's admin console (work.weixin.qq.com) as an administrator."),
            _("My company → Company information, at the very bottom: copy the corp id."),
        ),
    ),
    Step(
        "app",
        _("Self-built app"),
        _("One app with one secret does everything but write the address book."),
        (
            _("Apps → Self-built → Create an app; any logo will do."),
            _("Visible range: all guides, store managers and whoever logs in to this console."),
            _("Copy AgentId; next to Secret press View and confirm in the WeCom app."),
        ),
    ),
    Step(
        "domain",
        _("Trusted domain"),
        _("Log-in and the side bar work only on a domain that WeCom knows as yours."),
        (
            _("In the app: Web authorisation and JS-SDK → Set trusted domain."),
            _("Enter exactly the host below, with its port where it has one; no wildcard."),
            _(
                "Press Apply for domain verification, download WW_verify_….txt and upload it here: it is served at the root at once."
            ),
            _("The domain's ICP record must be of the same company as the corp, or a related one."),
        ),
    ),
    Step(
        "callback",
        _("Receive messages"),
        _("WeCom reports each new customer here within a second."),
        (
            _("Make Token and EncodingAESKey here first: this server must know them before WeCom."),
            _("Press Test: we ask our own address as WeCom will."),
            _(
                "In the app: Receive messages → Set API reception: paste address, Token and EncodingAESKey, press Save."
            ),
            _("The list below shows WeCom's request as it arrives."),
        ),
    ),
    Step(
        "ip",
        _("Trusted IP"),
        _("WeCom answers only servers whose address it was told."),
        (
            _("This needs step 3 or step 4 to be saved in WeCom first."),
            _("Press Test: where the address is missing, WeCom tells which one it saw."),
            _("In the app: Trusted company IP → Configure: paste it. It counts after a minute."),
        ),
    ),
    Step(
        "customers",
        _("Customer contact"),
        _("Lets the app read customers, make live codes and send welcomes."),
        (
            _("Customer contact → API → Apps that may call: add the app."),
            _("Customer contact → Permissions → Range of use: add the guides."),
            _("A guide must have activated WeCom and confirmed the real name."),
        ),
    ),
    Step(
        "contacts",
        _("Address book"),
        _("Only for companies whose OA makes and closes the accounts."),
        (
            _("Security and management → Management tools → Contacts sync: switch the API on."),
            _("Rights: edit; copy the Secret. Its trusted IP is a list of its own."),
            _(
                "Set its event server with the address below and keys made here, as in the step Receive messages."
            ),
        ),
        needed=False,
    ),
    Step(
        "entries",
        _("Where guides enter"),
        _("The pages guides open from the workbench and beside a chat."),
        (
            _("In the app: Home page of the app → paste the home address."),
            _(
                "In the app: Configure to chat tool bar → add the two pages; the same for the attachment bar."
            ),
            _(
                "In the app: WeCom authorised log-in → Web page: enter the host as callback domain, for the log-in by QR code."
            ),
        ),
    ),
    Step(
        "paid",
        _("Paid features"),
        _("Acquisition assistant and session archive, where the company has bought them."),
        (
            _(
                "Acquisition assistant: Customer contact → Acquisition assistant → Apps that may call."
            ),
            _(
                "Session archive: make the key pair here and paste the public key at Session archive → Message encryption key; then enter its Secret."
            ),
            _("The private key never leaves this server and is not shown."),
        ),
        needed=False,
    ),
    Step(
        "report",
        _("Full test"),
        _("Runs every test once more and writes the report for the hand-over."),
        (
            _("Press Run all tests; it takes up to a minute when WeCom does not answer."),
            _("Download the report, or print it to PDF."),
        ),
    ),
)
BY_KEY = {step.key: step for step in STEPS}
TESTED = tuple(step.key for step in STEPS if step.key != "report")
NEEDED = tuple(step.key for step in STEPS if step.needed and step.key != "report")


def number_of(key: str) -> int:
    """Return the number of a step as people count: from 1."""
    return [step.key for step in STEPS].index(key) + 1
