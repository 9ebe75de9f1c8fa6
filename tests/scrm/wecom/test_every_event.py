"""The product's decryptor against every event the sandbox can raise, as it travels."""

from pathlib import Path
from typing import Any

import pytest

from scrm.wecom.callbacks import CallbackCrypto, parse_event
from wecom_sandbox import crypto, defaults, testing
from wecom_sandbox.conformance import world as worlds
from wecom_sandbox.conformance.world import World
from wecom_sandbox.testing import Running

worlds.load_worlds()
PEOPLE = 60


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox of these tests alone."""
    folder: Path = tmp_path_factory.mktemp("events")
    with testing.run(folder, people=PEOPLE) as started:
        yield started


@pytest.mark.parametrize("name", sorted(worlds.RAISES))
def test_it_is_opened_and_parsed(running: Running, name: str) -> None:
    # given everything an action of people raises
    running.control.post("reset", {"seed": 1, "people": PEOPLE})
    act, world = worlds.RAISES[name], World(running)
    build = worlds.SETTINGS.get(act.__module__)
    if build is not None:
        build(world)
    act(world)
    rows = running.world.store.rows("SELECT app, event, change_type, xml FROM callbacks")
    assert rows

    for row in rows:
        # when it comes in, locked with the app's key
        app = defaults.app_named(row["app"])
        assert app is not None
        locked = crypto.encrypt(row["xml"].encode(), app.aes_key, defaults.CORP_ID)
        signed = crypto.signature(app.token, "1700000000", "42", locked)
        body = crypto.envelope(defaults.CORP_ID, app.agent_id, locked)
        ours = CallbackCrypto(app.token, app.aes_key, defaults.CORP_ID)
        plain = ours.decrypt(signed, "1700000000", "42", body)

        # then it is what was sent, and its names are read
        assert plain.decode() == row["xml"]
        event = parse_event(plain)
        if event["MsgType"] == "event":
            assert (event["Event"], event.get("ChangeType", "")) == (
                row["event"],
                row["change_type"],
            )
