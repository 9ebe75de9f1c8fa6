"""An optional contract with third-party sample payloads, read in place where they are given."""

import json
import os
from pathlib import Path

import pytest

from scrm.wecom.callbacks import parse_event
from scrm.wecom.types import ExternalContactDetail

SAMPLES = Path(os.environ.get("WECOM_SAMPLES", "/nonexistent"))
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="WECOM_SAMPLES names no folder")


@needs_samples
def test_every_sample_event_parses_to_its_event_name() -> None:
    # given every sample callback that names an event
    files = [f for f in sorted(SAMPLES.glob("callback.*.xml")) if b"<Event>" in f.read_bytes()]
    assert len(files) > 20

    # when each is parsed, then the event is named and the sender is known
    for file in files:
        fields = parse_event(file.read_bytes())
        assert fields["Event"], file.name
        assert fields["FromUserName"], file.name


@needs_samples
def test_the_sample_external_contact_is_read() -> None:
    # given the sample answer of externalcontact/get
    body = json.loads((SAMPLES / "externalcontact.get.response.json").read_bytes())

    # when it is read
    detail = ExternalContactDetail.from_json(body)

    # then its ids and followers are there
    assert detail.external_userid == body["external_contact"]["external_userid"]
    assert [f.userid for f in detail.follow_users] == [f["userid"] for f in body["follow_user"]]
