"""An optional contract with third-party sample payloads, read in place where they are given."""

import json
import os
from pathlib import Path

import pytest

from scrm.wecom.callbacks import parse_event
from scrm.wecom.types import ExternalContact, FollowInfo

SAMPLES = Path(os.environ.get("WECOM_SAMPLES", "/nonexistent"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="WECOM_SAMPLES names no folder")


@needs_samples
def test_every_sample_event_parses_to_its_event_name() -> None:
    # given every sample callback that names an event
    files = [f for f in sorted(SAMPLES.glob("callback.*.xml")) if b"<Event>" in f.read_bytes()]
    assert len(files) > 20

    # when each is parsed
    names = {file.name: parse_event(file.read_bytes()).get("Event") for file in files}

    # then each names its event
    assert [name for name, event in names.items() if not event] == []


@needs_samples
def test_the_sample_external_contact_is_read() -> None:
    # given the sample answer of externalcontact/get
    body = json.loads((SAMPLES / "externalcontact.get.response.json").read_bytes())

    # when it is read
    contact = ExternalContact.read(body["external_contact"])
    follows = [FollowInfo.read(row) for row in body["follow_user"]]

    # then its ids and followers are there
    assert contact.external_userid == body["external_contact"]["external_userid"]
    assert [follow.userid for follow in follows] == [row["userid"] for row in body["follow_user"]]
