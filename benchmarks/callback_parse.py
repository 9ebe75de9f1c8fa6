"""Row `callback.parse`: verify, decrypt and parse one callback, beside wechatpy doing the same."""

import time
from collections.abc import Callable
from typing import Any

from wechatpy.work import parse_message
from wechatpy.work.crypto import WeChatCrypto

from benchmarks.deliveries import NONCE, TIMESTAMP, Delivery, deliveries
from benchmarks.rows import Benchmark, Options, Row, at_most
from scrm.wecom.callbacks import CallbackCrypto, parse_event
from wecom_sandbox import defaults

TARGET = 0.65


def run(options: Options) -> list[Row]:
    """Measure CPU time of interleaved rounds over the same deliveries; the best round of each counts."""
    sample = deliveries(200)
    ours, theirs = _ours(), _theirs()
    for each in sample:
        if ours(each) != theirs(each):
            raise AssertionError(f"parsed fields differ: {ours(each)} / {theirs(each)}")
    rounds = 5 if options.smoke else 25
    best = {"ours": float("inf"), "theirs": float("inf")}
    for _ in range(rounds):
        best["ours"] = min(best["ours"], _cpu_us(ours, sample))
        best["theirs"] = min(best["theirs"], _cpu_us(theirs, sample))
    note = f"{len(sample[0].xml)} B XML, wechatpy 2.0.0a26, fields equal"
    return [at_most("callback.parse", best["ours"], best["theirs"], "us CPU", TARGET, note)]


def _ours() -> Callable[[Delivery], dict[str, Any]]:
    crypto = CallbackCrypto(defaults.CALLBACK_TOKEN, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)

    def parse(each: Delivery) -> dict[str, Any]:
        return parse_event(crypto.decrypt(each.signature, TIMESTAMP, NONCE, each.body))

    return parse


def _theirs() -> Callable[[Delivery], dict[str, Any]]:
    crypto = WeChatCrypto(defaults.CALLBACK_TOKEN, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)

    def parse(each: Delivery) -> dict[str, Any]:
        message = parse_message(crypto.decrypt_message(each.body, each.signature, TIMESTAMP, NONCE))
        return dict(message._data)

    return parse


def _cpu_us(parse: Callable[[Delivery], object], sample: list[Delivery]) -> float:
    began = time.process_time()
    for each in sample:
        parse(each)
    return (time.process_time() - began) / len(sample) * 1e6


BENCHMARK = Benchmark("callback.parse", run, has_database=False)
