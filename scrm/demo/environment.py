"""The demo's settings: made once with fresh keys, kept in var/demo.env, read by every process."""

import base64
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scrm.localservices import processes
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import disk_words
from wecom_sandbox import defaults
from wecom_sandbox.wechat.accounts import SERVICE

WEB_PORT, SANDBOX_PORT, MALL_PORT, OA_PORT = 8000, 8081, 8082, 8083
MOST_PORT = 65_535


@dataclass(frozen=True)
class Environment:
    """Where one stack lives and what its processes are told.

    `values` are environment variables; they hold everything but the caller's own PATH and the like.
    """

    var: Path
    values: Mapping[str, str]

    @property
    def web_url(self) -> str:
        """The console's address."""
        return self.values["SCRM_BASE_URL"]

    @property
    def sandbox_url(self) -> str:
        """The address of the WeCom simulator."""
        return self.values["WECOM_API_BASE"]

    @property
    def web_port(self) -> int:
        """The port of the web server."""
        return int(self.values["SCRM_WEB_PORT"])

    @property
    def sandbox_port(self) -> int:
        """The port of the simulator."""
        return int(self.values["SCRM_SANDBOX_PORT"])

    @property
    def mall_url(self) -> str:
        """The demo mall's address."""
        return f"http://127.0.0.1:{self.mall_port}"

    @property
    def mall_port(self) -> int:
        """The port of the demo mall."""
        return int(self.values["SCRM_MALL_PORT"])

    @property
    def oa_url(self) -> str:
        """The demo OA's address."""
        return f"http://127.0.0.1:{self.oa_port}"

    @property
    def oa_port(self) -> int:
        """The port of the demo OA."""
        return int(self.values["SCRM_OA_PORT"])

    def child(self) -> dict[str, str]:
        """Return the full environment of a child process."""
        return {**os.environ, **self.values, "PYTHONUNBUFFERED": "1"}


def choose_ports(var: Path, web_port: int = 0, sandbox_port: int = 0) -> tuple[int, int]:
    """Return the ports of console and sandbox: those asked for, else the remembered, else 8000 and 8081.

    Raises ServiceError when one is taken, naming it and the way to choose another.
    """
    known = _read(var / "demo.env")
    web = web_port or int(known.get("SCRM_WEB_PORT", WEB_PORT))
    sandbox = sandbox_port or int(known.get("SCRM_SANDBOX_PORT", SANDBOX_PORT))
    _need_apart({"PORT": web, "SANDBOX_PORT": sandbox})
    _need_port(web, "the console", "PORT")
    _need_port(sandbox, "the WeCom sandbox", "SANDBOX_PORT")
    return web, sandbox


def load(
    var: Path,
    services: Mapping[str, str],
    ports: tuple[int, int],
    *,
    mall_port: int = 0,
    oa_port: int = 0,
) -> Environment:
    """Read var/demo.env, complete it and write it back; `services` are DATABASE_URL and REDIS_URL."""
    with disk_words(var):
        var.mkdir(parents=True, exist_ok=True)
        file = var / "demo.env"
        known = _read(file)
        mall = mall_port or _side_port(known, "SCRM_MALL_PORT", MALL_PORT, ports)
        oa = oa_port or _side_port(known, "SCRM_OA_PORT", OA_PORT, (*ports, mall))
        beside = {
            "SCRM_MALL_PORT": str(mall), "SCRM_OA_PORT": str(oa),
            "SCRM_OA_HOSTS": f"http://127.0.0.1:{oa}", "SCRM_CRM_HOSTS": f"http://127.0.0.1:{mall}",
            "SCRM_ENROLMENT_URL": f"http://127.0.0.1:{mall}/?p={{parameter}}",
        }  # fmt: skip
        values = {**_keys(), **known, **_addresses(var, *ports), **beside, **_wecom(), **services}
        _write(file, values)
    return Environment(var, values)


def read_environment(var: Path) -> Environment:
    """Return the settings of a stack that was started before; raises ServiceError when there are none."""
    values = _read(var / "demo.env")
    if "SCRM_BASE_URL" not in values:
        raise ServiceError(f"{var / 'demo.env'} is not there; start the stack with `make demo`.")
    return Environment(var, values)


def _need_port(port: int, what: str, variable: str) -> None:
    """Raise ServiceError when there is no such port, we may not open it, or something listens on it."""
    if not 1 <= port <= MOST_PORT:
        raise ServiceError(
            f"Port {port}, which {what} would use, does not exist; choose one from 1024 to {MOST_PORT}: "
            f"`make demo {variable}={WEB_PORT + 100}`."
        )
    if not processes.port_is_free(port):
        other = port + 100 if 1024 <= port <= MOST_PORT - 100 else WEB_PORT + 100
        raise ServiceError(
            f"Port {port}, which {what} would use, is taken; choose another: `make demo {variable}={other}`."
        )


def _side_port(known: Mapping[str, str], name: str, usual: int, others: tuple[int, ...]) -> int:
    """Return the port of mall or OA: the remembered, else the usual, else any free one; nobody is asked to choose it."""
    port = int(known.get(name, usual))
    return port if port not in others and processes.port_is_free(port) else processes.free_port()


def _need_apart(ports: Mapping[str, int]) -> None:
    """Raise ServiceError when two parts would use the same port; `ports` by the variable that sets each."""
    for variable, port in ports.items():
        earlier = next(name for name, each in ports.items() if each == port)
        if earlier != variable:
            raise ServiceError(
                f"{earlier} and {variable} are both {port}; each part needs a port of its own."
            )


def _read(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    lines = (
        line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines() if "=" in line
    )
    return {name: "".join(shlex.split(value)) for name, value in lines}


def _write(file: Path, values: Mapping[str, str]) -> None:
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as out:
        out.write(text)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SCRM_FIELD_KEYS": f"1:{_key()}",
        "SCRM_BLIND_INDEX_KEY": _key(),
        "SCRM_AUDIT_KEY": _key(),
        # The mall's partner key, in the form of those that partner_key_create prints.
        "SCRM_MALL_KEY": f"scrm_{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}",
        "SCRM_OA_KEY": secrets.token_urlsafe(32),
        # What the till wants to see of whoever asks it.
        "SCRM_TILL_KEY": secrets.token_urlsafe(32),
        "SCRM_DEMO_PASSWORD": f"demo-{secrets.token_hex(4)}",
    }


def _addresses(var: Path, web: int, sandbox: int) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "scrm.settings.dev",
        "SCRM_DEMO_MODE": "1",
        "SCRM_VAR_DIR": str(var),
        "SCRM_WEB_PORT": str(web),
        "SCRM_SANDBOX_PORT": str(sandbox),
        "SCRM_BASE_URL": f"http://127.0.0.1:{web}",
        **dict.fromkeys(
            ("WECOM_API_BASE", "WECOM_OAUTH_BASE", "WECOM_LOGIN_BASE"),
            f"http://127.0.0.1:{sandbox}",
        ),
        **dict.fromkeys(
            ("WECHAT_API_BASE", "WECHAT_OAUTH_BASE", "WECHAT_MP_BASE"),
            f"http://127.0.0.1:{sandbox}/wechat",
        ),
    }


def _wecom() -> dict[str, str]:
    return {
        "WECHAT_SERVICE_APPID": SERVICE.appid,
        "WECHAT_SERVICE_SECRET": SERVICE.secret,
        "WECOM_CORP_ID": defaults.CORP_ID,
        "WECOM_AGENT_ID": str(defaults.AGENT_ID),
        "WECOM_AGENT_SECRET": defaults.APP_SECRET,
        "WECOM_CB_TOKEN": defaults.CALLBACK_TOKEN,
        "WECOM_CB_AES_KEY": defaults.CALLBACK_AES_KEY,
        "WECOM_CONTACT_SYNC_SECRET": defaults.CONTACT_SECRET,
        "WECOM_CONTACT_CB_TOKEN": defaults.CONTACT_CALLBACK_TOKEN,
        "WECOM_CONTACT_CB_AES_KEY": defaults.CONTACT_CALLBACK_AES_KEY,
        "SCRM_CONTACT_SCOPE_TAG": str(defaults.NO_CONTACT_TAG),
    }
