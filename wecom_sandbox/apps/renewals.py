"""An administrator gives an app a new Secret, or a new Token and EncodingAESKey; the former ones end at once."""

import secrets
import string
from dataclasses import replace
from typing import Any

from wecom_sandbox.defaults import APPS, AppConfig
from wecom_sandbox.store import Store

_META = "renewed"
_SECRET_LETTERS = 43
_ALPHABET = string.ascii_letters + string.digits


def as_now(store: Store, app: AppConfig) -> AppConfig:
    """The app with the credentials it has now."""
    changed: dict[str, Any] = store.get_meta(_META, {}).get(app.name, {})
    return replace(app, **changed) if changed else app


def by_secret(store: Store, secret: str) -> AppConfig | None:
    """The app whose secret this is now, or None."""
    return next((app for app in (as_now(store, each) for each in APPS) if app.secret == secret), None)  # fmt: skip


def keep(store: Store, name: str, **values: str) -> None:
    """Give an app other credentials, in the caller's transaction."""
    renewed: dict[str, dict[str, str]] = store.get_meta(_META, {})
    renewed[name] = {**renewed.get(name, {}), **values}
    store.set_meta(_META, renewed)


def new_secret() -> str:
    """A secret as the admin console makes one."""
    return "".join(secrets.choice(_ALPHABET) for _letter in range(_SECRET_LETTERS))
