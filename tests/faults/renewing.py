"""F27, WeCom's side: the callback pair and the secret of an app renewed by its administrator while events come in."""

import os
import time
from typing import Any, ClassVar

import requests
from django.conf import settings

from scrm.core import credentials
from scrm.demo.story.play import Play
from scrm.setup import services as setup
from tests.factories import inbox
from tests.faults.harness import Outcome
from wecom_sandbox import defaults

APP = "scrm"
# A callback nobody answered is sent again three times; those signed with the former pair come within this.
RETRIES_SECONDS = 20


class Doors:
    """The credentials of one app: what the administrator does in WeCom, and IT in our console."""

    # The environment comes first: what the console is to hold must be out of it.
    EMPTY: ClassVar[dict[str, str]] = {
        "WECOM_CB_TOKEN": "",
        "WECOM_CB_AES_KEY": "",
        "WECOM_AGENT_SECRET": "",
    }

    def __init__(self, play: Play, outcome: Outcome) -> None:
        self.play, self.outcome = play, outcome
        self.old_secret = defaults.APP_SECRET

    def taken_into_console(self) -> None:
        """Let the console hold what the environment held, before the next restart takes it out of there."""
        setup.keys_take(actor=None, app=APP)
        config = dict(settings.WECOM_APPS[APP])
        settings.WECOM_APPS = {
            **settings.WECOM_APPS,
            APP: {**config, "token": "", "aes_key": "", "secret": ""},
        }
        os.environ.update(self.EMPTY)
        setup.credentials_set(actor=None, values={f"{APP}.secret": self.old_secret})

    def pair_renewed(self) -> None:
        """Make a pair in the console and save it in WeCom, which asks our address first."""
        token, aes_key = setup.keys_generate(actor=None, app=APP)
        answer = self._renew(token=token, aes_key=aes_key)
        self.outcome.notes.append(
            "callback pair renewed"
            if answer["ok"]
            else f"WRONG WeCom did not save the pair: {answer}"
        )

    def secret_renewed(self) -> None:
        """Make a secret in WeCom, which ends the former one at once, and enter it."""
        begun = time.monotonic()
        secret = self._renew(secret=True)["secret"]
        setup.credentials_set(actor=None, values={f"{APP}.secret": secret})
        self.outcome.notes.append(f"WeCom secret renewed, entered after {time.monotonic() - begun:.2f} s")  # fmt: skip

    def pair_ended(self) -> None:
        """Take the former pair away once nothing signed with it is on its way any more."""
        self.play.simulator.post("wait_idle", timeout=RETRIES_SECONDS)
        setup.keys_stop_previous(actor=None, app=APP)

    def _renew(self, **values: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.play.simulator.post("renew", app=APP, **values)
        return found

    def verdict(self) -> None:
        """Try the former pair at our door, and the former secret at WeCom's."""
        time.sleep(credentials.FRESH_SECONDS)
        web = self.play.environment.web_url
        # Signed with the pair of defaults.py: the former one.
        former = inbox.delivery()
        answer = requests.post(f"{web}{former.path}", data=former.body, timeout=20)
        if answer.status_code == 200:
            self.outcome.notes.append("WRONG the former callback pair is still taken")
        told = requests.get(
            f"{self.play.environment.sandbox_url}/cgi-bin/gettoken",
            {"corpid": defaults.CORP_ID, "corpsecret": self.old_secret},
            timeout=20,
        ).json()
        if told["errcode"] != 40001:
            self.outcome.notes.append(f"WRONG the former secret is still taken: {told['errcode']}")
        self.outcome.notes.append("the former callback pair and secret open nothing")
