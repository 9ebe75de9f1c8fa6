"""The group robot keeps to the rules of every other call."""

import pytest

from scrm.wecom.errors import WeComError, WeComPermanent, WeComQuota, WeComUnknownOutcome
from scrm.wecom.local import LocalBucket
from scrm.wecom.robot import ENDPOINT, WebhookRobot
from tests.scrm.wecom.conftest import Server, says
from tests.scrm.wecom.test_buckets import Clock


def robot_of(server: Server, clock: Clock | None = None) -> WebhookRobot:
    return WebhookRobot(
        f"{server.base_url}/cgi-bin/{ENDPOINT}?key=k1",
        api_base=server.base_url,
        bucket=LocalBucket(clock=clock or Clock()),
    )


def test_a_robot_refused_once_sends_again_after_its_probe(server: Server) -> None:
    # given WeCom refuses one message for its frequency
    server.does(ENDPOINT, says({"errcode": 45009, "errmsg": "f"}), says({"errcode": 0}))
    clock = Clock()
    robot = robot_of(server, clock)
    with pytest.raises(WeComQuota):
        robot.send_text("x")

    # when a message is tried every ten seconds for twenty minutes
    sent = 0
    for _try in range(120):
        clock.now += 10
        try:
            robot.send_text("x")
            sent += 1
        except WeComQuota:
            continue

    # then only those of the first minute were held
    assert sent == 115


def test_a_robot_stays_below_wecoms_twenty_a_minute(server: Server) -> None:
    server.does(ENDPOINT, says({"errcode": 0}))
    clock = Clock()
    robot = robot_of(server, clock)
    for _second in range(60):
        try:
            robot.send_text("x")
            robot.send_text("x")
        except WeComQuota:
            pass
        clock.now += 1

    assert 14 <= server.count(ENDPOINT) <= 16


def test_a_busy_wecom_may_have_shown_the_message(server: Server) -> None:
    server.does(ENDPOINT, says({"errcode": -1, "errmsg": "busy"}))

    with pytest.raises(WeComUnknownOutcome):
        robot_of(server).send_text("x")

    assert server.count(ENDPOINT) == 1


def test_half_a_character_is_shown_as_a_question_mark_or_refused(server: Server) -> None:
    server.does(ENDPOINT, says({"errcode": 0}))
    robot = robot_of(server)

    robot.send_text("x\ud83d")
    with pytest.raises(WeComPermanent) as caught:
        robot.send_text("x", ["\ud83d"])

    assert isinstance(caught.value, WeComError)
    assert server.count(ENDPOINT) == 1
