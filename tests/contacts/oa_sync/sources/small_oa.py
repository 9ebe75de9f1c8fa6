"""A small OA over real HTTP whose answers a test decides, and which keeps what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

DEPARTMENTS = [
    {"code": "C", "name": "美衣集团", "parent": "", "type": "公司"},
    {"code": "B1", "name": "华东分公司", "parent": "C", "type": "分公司"},
    {"code": "D1", "name": "人民路店", "parent": "B1", "type": "门店", "shop": "S001"},
]


def person(number: int, **cells: Any) -> dict[str, Any]:
    """Return an employee as this OA says it."""
    return {
        "no": f"E{number:04d}", "name": f"员工{number}", "contact": {"mobile": f"1380000{number:04d}"},
        "dept": {"code": "D1"}, "job": "导购", **cells,
    }  # fmt: skip


MAPPING = {
    "departments": {
        "code": "code", "name": "name", "parent_code": "parent", "kind": "type", "store_code": "shop",
    },
    "employees": {
        "job_number": "no", "name": "name", "phone": "contact.mobile", "department_code": "dept.code",
        "post": "job", "state": "state",
    },
}  # fmt: skip

Answer = Callable[[Request], Response]


def told(data: Any, status: int = 200) -> Response:
    """Return an answer in JSON."""
    return Response(orjson.dumps(data), status, mimetype="application/json")


@dataclass
class SmallOa:
    """What it answers by path, and the requests it got."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    origin: str = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request)
        answer = self.answers.get(request.path, lambda _request: told({"error": "no"}, 404))
        return answer(request)(environ, start_response)

    def give(self, path: str, rows: Any) -> None:
        """Answer everything at once under `data`."""
        self.answers[path] = lambda _request: told({"code": 0, "data": rows})


@contextmanager
def running() -> Iterator[SmallOa]:
    """Serve a small OA on a free port."""
    oa = SmallOa()
    server = make_server("127.0.0.1", 0, oa, threaded=True)
    oa.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield oa
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
