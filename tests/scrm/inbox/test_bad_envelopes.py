"""The door under six hundred bad callbacks: never a 5xx, little CPU and memory each, and open for the good one after."""

import contextlib
import time
import tracemalloc
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from scrm.inbox import callback
from scrm.inbox.abuse import Refusals
from scrm.inbox.models import InboxEvent
from scrm.wecom.callbacks import BadCallback, CallbackCrypto, parse_event
from tests.factories.bad_envelopes import FAMILIES, SEED, SIZE, Envelope, corpus
from tests.factories.inbox import delivery
from wecom_sandbox import crypto, defaults

CRYPTO = CallbackCrypto(defaults.CALLBACK_TOKEN, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)
# One process answers a refused callback in far less; the limit tells a loop from a slow machine.
MOST_CPU_EACH, MOST_CPU_MEAN = 0.5, 0.02
MOST_MEMORY = 8 * 1024 * 1024
REFUSED = {400, 405, 413}


def sent(client: Client, case: Envelope) -> Any:
    environ: dict[str, Any] = {**case.headers}
    return client.generic(case.method, case.path, case.body, content_type="text/xml", **environ)


def answered(client: Client, case: Envelope) -> tuple[int, float]:
    """The status one callback got and the CPU seconds this thread spent on it; other threads' work is not its cost."""
    began = time.thread_time()
    status: int = sent(client, case).status_code
    return status, time.thread_time() - began


def test_a_seed_makes_the_same_corpus_of_six_hundred_different_cases() -> None:
    made = list(corpus())

    assert [(case.family, case.query, case.body) for case in made] == [
        (case.family, case.query, case.body) for case in corpus(SEED)
    ]
    assert sum(size for _family, size in FAMILIES) == len(made) == SIZE
    whole = Counter((case.method, case.path, case.body, str(case.headers)) for case in made)
    assert len(whole) >= SIZE - 20  # an empty body is an empty body
    assert {case.query["nonce"] for case in corpus(1) if "nonce" in case.query}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_no_bad_callback_breaks_the_door_or_passes_it(client: Client, seed: int) -> None:
    # given a door that logs each refusal
    callback.refusals = Refusals(allowed=10 * SIZE)
    client.raise_request_exception = False

    # when each bad callback comes
    answers: list[tuple[str, int, float]] = []
    for number, case in enumerate(corpus(seed)):
        status, cpu = answered(client, case)
        if cpu >= MOST_CPU_EACH:
            # A collection of the whole worker's heap may fall into any one of them; a dear callback is dear again.
            status, cpu = min(answered(client, case) for _again in range(3))
        answers.append((f"{case.family} {number}", status, cpu))

    # then it is refused, nothing is kept, and it costs little
    wrong = [(name, status) for name, status, _cpu in answers if status not in REFUSED]
    assert wrong == []
    assert InboxEvent.objects.count() == 0
    dear = [(name, seconds) for name, _status, seconds in answers if seconds >= MOST_CPU_EACH]
    assert dear == []
    assert sum(seconds for _name, _status, seconds in answers) / len(answers) < MOST_CPU_MEAN
    # and the next good one passes
    assert delivery().post(client).status_code == 200
    assert InboxEvent.objects.count() == 1


@pytest.mark.django_db
def test_the_door_stays_open_while_one_address_is_refused_again_and_again(client: Client) -> None:
    """Behind a proxy WeCom and an attacker share one address."""
    callback.refusals = Refusals(allowed=5)
    statuses: Counter[int] = Counter()
    for number, case in enumerate(corpus()):
        statuses[sent(client, case).status_code] += 1
        if number % 100 == 0:
            assert delivery().post(client).status_code == 200

    assert set(statuses) <= {*REFUSED, 429}
    assert statuses[429] > 500
    assert InboxEvent.objects.count() == 6


def test_the_cipher_knows_one_kind_of_exception_and_needs_little_memory() -> None:
    # given the whole corpus
    cases = [case for case in corpus() if case.family != "request"]
    tracemalloc.start()
    try:
        for case in cases:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            query = {name: case.query.get(name, "") for name in ("timestamp", "nonce")}
            # when it is opened and read, then nothing but BadCallback comes out
            opened = False
            with contextlib.suppress(BadCallback):
                xml = CRYPTO.decrypt(case.query.get("msg_signature", ""), **query, body=case.body)
                opened = bool(parse_event(xml))
            # What is well-formed may still be no event: the door looks at its name and time.
            assert not opened or case.family == "inner"
            assert tracemalloc.get_traced_memory()[1] - before < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><Encrypt>" + b" " * 65_000,
        b"<xml><Encrypt>A" + b" " * 65_000,
        b"<xml><Encrypt><![CDATA[" + b"\n" * 65_000 + b"]]",
        b"<xml><Encrypt>" + b"A" * 65_000,
        b"<Encrypt>" * 7_000,
        b"<Encrypt></Encrypt>" * 3_000,
        b"<xml><Encrypt>" + b"]]>" * 21_000 + b"</Encrypt></xml>",
    ],
    ids=["spaces", "letter", "lines", "letters", "openings", "empty ones", "ends"],
)
def test_the_largest_unsigned_body_costs_next_to_nothing(body: bytes) -> None:
    """The element is looked for before the signature is known: whoever has no key must not buy time by spaces."""
    began = time.process_time()
    with pytest.raises(BadCallback):
        CRYPTO.decrypt("0" * 40, "1760000000", "nonce", body)
    assert time.process_time() - began < 0.05


@pytest.mark.django_db
def test_a_verification_that_fails_says_the_same_whatever_failed(client: Client) -> None:
    """From outside a wrong padding, length or receiver cannot be told apart: status, words and headers are equal."""
    callback.refusals = Refusals(allowed=1000)
    answers = set()
    for case in corpus():
        if case.family in {"blocks", "frame"}:
            answer = sent(client, case)
            answers.add((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
    echo = crypto.encrypt(b"1", defaults.CALLBACK_AES_KEY, "ww0another0corp0")
    signature = crypto.signature(defaults.CALLBACK_TOKEN, "1760000000", "n", echo)
    query = {"msg_signature": signature, "timestamp": "1760000000", "nonce": "n", "echostr": echo}
    other_corp = client.get(f"/wecom/callback/scrm/?{urlencode(query)}")

    assert len(answers) == 1
    assert (other_corp.status_code, other_corp.content) == (400, b"refused")
