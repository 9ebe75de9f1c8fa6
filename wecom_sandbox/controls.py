"""The table of control calls, and what they have in common: readers, answers, errors.

JSON under ``/sandbox/api/``. Errors: 400 for a wrong request, 404 for something unknown, 409 when the
world does not allow it, each ``{"error": "<sentence>"}``.
"""

import json
from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox

Body = dict[str, Any]
Action = Callable[[Sandbox, Body], Any]
PREFIX = "/sandbox/api/"
REGISTRY: dict[tuple[str, str], Action] = {}


class NotThereError(Exception):
    """Something named in a request does not exist."""


def control(method: str, name: str) -> Callable[[Action], Action]:
    """Register the function as ``<method> /sandbox/api/<name>``; its arguments are query and JSON body.

    Args:
        method: GET to look, POST to do, DELETE to take away.
        name: after ``/sandbox/api/``.
    """

    def register(action: Action) -> Action:
        REGISTRY[method, name] = action
        return action

    return register


def rules() -> list[Rule]:
    """Routes of all registered calls."""
    return [
        Rule(PREFIX + name, endpoint=_page(action), methods=[method])
        for (method, name), action in REGISTRY.items()
    ]


def answer(data: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(
        json.dumps(data, ensure_ascii=False), status=status, mimetype="application/json"
    )


def need_person(sandbox: Sandbox, person_id: object) -> Person:
    """The person of an id; NotThereError when there is none."""
    person = sandbox.people.get(str(person_id))
    if person is None:
        raise NotThereError(f"no person {person_id}")
    return person


def _page(action: Action) -> Callable[[Sandbox, Request], Response]:
    def page(sandbox: Sandbox, request: Request) -> Response:
        try:
            body = json.loads(request.get_data() or b"{}")
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            result = action(sandbox, request.args.to_dict() | body)
        except NotThereError as error:
            return answer({"error": str(error)}, 404)
        except NotPossibleError as error:
            return answer({"error": str(error)}, 409)
        except WeComError as error:
            return answer({"error": error.text(), "errcode": error.code}, 400)
        except (ValueError, TypeError) as error:
            return answer({"error": str(error)}, 400)
        except KeyError as error:
            return answer({"error": f"{error.args[0]} missing"}, 400)
        return answer(result)

    return page
