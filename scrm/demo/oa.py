"""`python -m scrm.demo.oa`: a small OA with a REST interface, in its own process; its words are not ours.

It says what the demo's files say, page by page, to whoever has the token SCRM_OA_KEY.
"""

import argparse
import csv
import hmac
import io
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import orjson
from waitress import wasyncore
from waitress.server import create_server
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from scrm.demo.oa_files import OaFiles, make_oa_files

KEY_VARIABLE = "SCRM_OA_KEY"
EXIT_CANNOT_START = 2
MOST_A_PAGE = 200
ROUTES = Map(
    [
        Rule("/api/departments", endpoint="departments"),
        Rule("/api/employees", endpoint="employees"),
        Rule("/healthz", endpoint="health"),
    ]
)
# Our fields in the order of the demo's files, and what this OA calls them.
DEPARTMENT_KEYS = ("deptNo", "deptName", "upper.deptNo", "deptType", "shopNo")
EMPLOYEE_KEYS = (
    "empNo",
    "empName",
    "sex",
    "contact.mobile",
    "job",
    "dept.deptNo",
    "leaderNo",
    "workState",
    "since",
)


def mapping() -> dict[str, dict[str, str]]:
    """Return where this OA keeps our fields, by role."""
    fields = {
        "departments": ("code", "name", "parent_code", "kind", "store_code"),
        "employees": (
            "job_number", "name", "gender", "phone", "post", "department_code", "leader_job_number", "state",
            "effective_on",
        ),
    }  # fmt: skip
    keys = {"departments": DEPARTMENT_KEYS, "employees": EMPLOYEE_KEYS}
    return {role: dict(zip(names, keys[role], strict=True)) for role, names in fields.items()}


@dataclass
class DemoOa:
    """The OA as a WSGI application."""

    key: str
    files: OaFiles = field(default_factory=make_oa_files)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one request."""
        request = Request(environ)
        try:
            endpoint, _values = ROUTES.bind_to_environ(environ).match()
            response = Response("ok") if endpoint == "health" else self._page(request, endpoint)
        except HTTPException as error:
            response = _json({"code": error.code, "message": error.name}, error.code or 500)
        return response(environ, start_response)

    def _page(self, request: Request, role: str) -> Response:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(sent.encode(), self.key.encode()):
            raise Unauthorized
        page = max(request.args.get("page", 1, type=int), 1)
        size = min(max(request.args.get("size", 100, type=int), 1), MOST_A_PAGE)
        rows = self._rows(role)
        items = rows[(page - 1) * size : page * size]
        return _json({"code": 0, "data": {"total": len(rows), "items": items}})

    def _rows(self, role: str) -> list[dict[str, Any]]:
        content = self.files.departments_csv if role == "departments" else self.files.employees_csv
        keys = DEPARTMENT_KEYS if role == "departments" else EMPLOYEE_KEYS
        lines = list(csv.reader(io.StringIO(content.decode("gbk"))))[1:]
        return [_nested(dict(zip(keys, line, strict=True))) for line in lines]


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in flat.items():
        outer, _dot, inner = path.partition(".")
        if inner:
            found.setdefault(outer, {})[inner] = value
        else:
            found[outer] = value
    return found


def _json(data: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(data), status, mimetype="application/json")


class OaServer:
    """An OA that listens; port 0 picks a free one. Raises OSError when the port cannot be had."""

    def __init__(self, oa: DemoOa, *, host: str = "127.0.0.1", port: int = 0) -> None:
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            oa, map=self._sockets, host=host, port=port, threads=4, ident="oa",
            clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        self.base_url = f"http://{host}:{self._server.effective_port}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="oa-http", daemon=True)

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests under way and stop listening."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, map=self._sockets, use_poll=True, count=1)
        wasyncore.close_all(self._sockets, ignore_all=True)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; the exit code is 2 when it cannot start."""
    parser = argparse.ArgumentParser(
        prog="scrm.demo.oa", description=f"A small OA; its token is read from {KEY_VARIABLE}."
    )
    parser.add_argument("--port", type=int, default=8083, help="port, 0 picks a free one (8083)")
    options = parser.parse_args(arguments)
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        sys.stderr.write(f"Set {KEY_VARIABLE} to the token callers must have.\n")
        return EXIT_CANNOT_START
    try:
        server = OaServer(DemoOa(key), port=options.port)
    except OSError as error:
        sys.stderr.write(f"The OA cannot start on 127.0.0.1:{options.port}: {error}\n")
        return EXIT_CANNOT_START
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    sys.stdout.write(f"Demo OA at {server.base_url}\n")
    sys.stdout.flush()
    stop.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
