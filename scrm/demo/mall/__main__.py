"""`python -m scrm.demo.mall`: start the demo mall and say where it is."""

import argparse
import os
import signal
import sys
import threading

from scrm.demo.mall.app import Mall
from scrm.demo.mall.client import Product
from scrm.demo.mall.server import MallServer
from scrm.demo.mall.till import KEY_VARIABLE as TILL_VARIABLE
from scrm.demo.mall.till import Till

KEY_VARIABLE = "SCRM_MALL_KEY"
EXIT_CANNOT_START = 2


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; the exit code is 2 when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="scrm.demo.mall",
        description=f"A small mall; its partner key is read from {KEY_VARIABLE}.",
    )
    parser.add_argument("--port", type=int, default=8082, help="port, 0 picks a free one (8082)")
    parser.add_argument("--api", default="http://127.0.0.1:8000", help="address of the product")
    parser.add_argument(
        "--sandbox", default="", help="address of the WeCom sandbox, for its people"
    )
    options = parser.parse_args(arguments)
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(
            f"Set {KEY_VARIABLE} to a partner key with orders.write, events.write and entries.read.\n"
        )
        return EXIT_CANNOT_START
    till = Till(os.environ.get(TILL_VARIABLE, ""))
    mall = Mall(Product(options.api, key), options.sandbox, till)
    try:
        server = MallServer(mall, port=options.port)
    except OSError as error:
        sys.stderr.write(f"The mall cannot start on 127.0.0.1:{options.port}: {error}\n")
        return EXIT_CANNOT_START
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(f"Demo mall at {server.base_url}, talking to {options.api}\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
