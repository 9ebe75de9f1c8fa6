"""Which credentials there are and since when; no value ever leaves this module but to be recognised."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.drift.models import SecretSeen
from contacts.oa_sync.sources.models import OaConnector
from scrm.accounts.models import PartnerKey
from scrm.core import credentials
from scrm.core.crypto import DecryptionError
from scrm.core.setup_models import WeComCallbackKey, WeComCredential

WECOM, WECHAT, PARTNER, OA, LOGIN = "wecom", "wechat", "partner", "oa", "login"
# Shown as they are elsewhere: these are no secrets.
NO_SECRET = frozenset({credentials.CORP_ID})
APPS: dict[str, Promise] = {
    "scrm": _("App: %(part)s"),
    "contacts": _("Address book: %(part)s"),
    "archive": _("Session archive: %(part)s"),
}
PARTS: dict[str, Promise] = {
    "secret": _("secret"),
    "token": _("callback token"),
    "aes_key": _("callback AES key"),
    "private_key": _("private key"),
}
OF: dict[str, Promise] = {
    WECOM: _("WeCom"),
    WECHAT: _("WeChat"),
    PARTNER: _("Partner"),
    OA: _("OA"),
    LOGIN: _("Company log-in"),
}


@dataclass(frozen=True)
class SecretAge:
    """A credential without its value: what it opens, where it is kept, since when.

    `since` None: not looked at yet. is_exact False: it is at least this old. `url_name` is where it is changed.
    """

    of: str
    label: str
    place: str
    since: datetime | None
    is_exact: bool = True
    url_name: str = ""

    @property
    def of_words(self) -> str:
        """Return what it opens."""
        return str(OF[self.of])

    @property
    def days(self) -> int | None:
        """Return its age in days."""
        return None if self.since is None else (timezone.now() - self.since).days

    @property
    def is_old(self) -> bool:
        """Return whether it should be changed."""
        return self.days is not None and self.days > settings.SECRET_DAYS


def undated_secrets() -> dict[str, str]:
    """Return the secrets without a date of their own, by name, to be recognised by their hash."""
    found = {name: value for name, value in _environment() if value}
    for connector in OaConnector.objects.all():
        if value := _opened(connector):
            found[f"oa.{connector.pk}"] = value
    return found


def _environment() -> Iterator[tuple[str, str]]:
    for app, config in settings.WECOM_APPS.items():
        for part in PARTS:
            yield f"wecom.{app}.{part}", str(config.get(part) or "")
    for account, found in settings.WECHAT_APPS.items():
        yield f"wechat.{account}", str(found.get("secret") or "")
    yield "oa_sql", settings.OA_SQL_DSN
    yield "login", settings.OIDC["client_secret"]


def _opened(connector: OaConnector) -> str:
    try:
        return connector.secret
    except DecryptionError:
        return ""


def secret_ages() -> list[SecretAge]:
    """Return every credential, the oldest first, those never looked at last."""
    rows = [*_seen_rows(), *_console_rows(), *_partner_rows()]
    return sorted(rows, key=lambda row: (row.since is None, row.since or timezone.now(), row.label))


def old_secrets() -> list[SecretAge]:
    """Return the credentials that are older than allowed."""
    return [row for row in secret_ages() if row.is_old]


def _seen_rows() -> Iterator[SecretAge]:
    seen = {row.name: row for row in SecretSeen.objects.all()}
    connectors = {f"oa.{row.pk}": row.name for row in OaConnector.objects.defer("secret")}
    for name in undated_secrets():
        row = seen.get(name)
        since, exact = (row.since, row.is_exact) if row is not None else (None, False)
        kind, label, place = _named(name, connectors)
        url = "oa_sync:sources" if name in connectors else ""
        yield SecretAge(kind, label, place, since, exact, url)


def _named(name: str, connectors: dict[str, str]) -> tuple[str, str, str]:
    """Return of what, called what, kept where: the console, or a variable of the environment."""
    if name in connectors:
        return OA, connectors[name], ""
    if name == "oa_sql":
        return OA, str(_("Database view")), "SCRM_OA_SQL_DSN"
    if name == "login":
        return LOGIN, settings.OIDC["name"], "SCRM_OIDC_CLIENT_SECRET"
    kind, _dot, rest = name.partition(".")
    if kind == WECHAT:
        label = _("Mini program") if rest == "mini" else _("Service account")
        return WECHAT, str(label), f"WECHAT_{rest.upper()}_SECRET"
    return WECOM, _wecom_label(rest), credentials.ENVIRONMENT_NAMES.get(rest, "")


def _wecom_label(name: str) -> str:
    app, _dot, part = name.partition(".")
    shown = str(PARTS.get(part, part))
    return str(APPS[app]) % {"part": shown} if app in APPS else f"{app}: {shown}"


def _console_rows() -> Iterator[SecretAge]:
    for row in WeComCredential.objects.defer("value").order_by("name"):
        is_id = row.name in NO_SECRET or row.name.endswith(".agent_id")
        if not is_id and not credentials.in_environment(row.name):
            yield SecretAge(WECOM, _wecom_label(row.name), "", row.set_at, url_name="setup:index")
    pairs = WeComCallbackKey.objects.filter(slot=WeComCallbackKey.Slot.CURRENT)
    for pair in pairs.defer("token", "aes_key").order_by("app"):
        if not credentials.keys_in_environment(pair.app):
            label = _wecom_label(f"{pair.app}.aes_key")
            yield SecretAge(WECOM, label, "", pair.made_at, url_name="setup:index")


def _partner_rows() -> Iterator[SecretAge]:
    for key in PartnerKey.objects.filter(revoked_at=None).defer("digest").order_by("name"):
        if not key.has_expired:
            label = f"{key.name} ({key.prefix})"
            yield SecretAge(PARTNER, label, "", key.created_at, url_name="api_keys:list")
