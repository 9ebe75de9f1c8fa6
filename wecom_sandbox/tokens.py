"""Access tokens and JS tickets: the same one until it expires, with its time running down."""

import secrets
import sqlite3

from wecom_sandbox.apps import renewals
from wecom_sandbox.clock import Clock
from wecom_sandbox.defaults import CORP_ID, AppConfig, app_named
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

LIFE_SECONDS = 7200


class Tokens:
    """Tokens of every secret, kept in the store so that a restart does not log anybody out."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.life = LIFE_SECONDS

    def app_for(self, corpid: str, corpsecret: str) -> AppConfig:
        """The app of a secret; 41002, 41004, 40013 or 40001 when there is none."""
        if not corpid:
            raise WeComError(41002)
        if not corpsecret:
            raise WeComError(41004)
        if corpid != CORP_ID:
            raise WeComError(40013)
        app = renewals.by_secret(self._store, corpsecret)
        if app is None:
            raise WeComError(40001)
        return app

    def current(self, owner: str, kind: str) -> tuple[str, int]:
        """The living token of an owner, made when there is none.

        Args:
            owner: app name, or ``corp``.
            kind: ``access``, ``jsapi`` or ``agent``.

        Returns: the token and the seconds it has left.
        """
        now = self._clock.now()
        row = self._store.row(
            "SELECT token, expires_at FROM tokens WHERE app = ? AND kind = ? AND NOT dead AND expires_at > ? "
            "ORDER BY expires_at DESC",
            owner, kind, now,
        )  # fmt: skip
        if row is not None:
            return str(row["token"]), max(1, int(row["expires_at"] - now))
        token = secrets.token_urlsafe(160 if kind == "access" else 64)
        self._store.insert(
            "tokens", token=token, app=owner, kind=kind, issued_at=now, expires_at=now + self.life
        )
        return token, self.life

    def app_of(self, token: str) -> AppConfig:
        """Whose access token it is; 41001, 40014 or 42001 otherwise."""
        if not token:
            raise WeComError(41001)
        row: sqlite3.Row | None = self._store.row(
            "SELECT app, expires_at, dead FROM tokens WHERE token = ? AND kind = 'access'", token
        )
        app = app_named(row["app"]) if row is not None else None
        if row is None or app is None:
            raise WeComError(40014)
        if row["dead"]:
            raise WeComError(int(row["dead"]))
        if row["expires_at"] <= self._clock.now():
            raise WeComError(42001)
        return app

    def revoke(self, errcode: int = 40014, app: str | None = None) -> int:
        """Make tokens invalid at once; how many there were.

        Args:
            errcode: what they answer from now on, 40014 or 42001.
            app: only this app's tokens.
        """
        return self._store.run(
            "UPDATE tokens SET dead = ? WHERE NOT dead AND expires_at > ? AND (? IS NULL OR app = ?)",
            errcode, self._clock.now(), app, app,
        )  # fmt: skip
