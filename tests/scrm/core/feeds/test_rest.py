"""A REST feed: log-ins, pages, and answers that must not be taken for the whole."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from werkzeug.wrappers import Request, Response

from scrm.core.exceptions import ExternalFailure
from scrm.core.feeds.records import SourceMoved
from scrm.core.feeds.rest import RestFeed, RestSettings
from tests.contacts.oa_sync.sources.small_oa import SmallOa, running, told

PEOPLE = [{"no": number} for number in range(1, 8)]


@pytest.fixture
def oa() -> Iterator[SmallOa]:
    with running() as small:
        yield small


@pytest.fixture
def known(oa: SmallOa) -> RestSettings:
    oa.give("/people", PEOPLE)
    return RestSettings(
        origin=oa.origin, paths={"employees": "/people"}, rows_path="data", paging="none", size=3,
        allowed=(oa.origin,), allowed_by="SCRM_OA_HOSTS",
    )  # fmt: skip


def numbers(known: RestSettings, limit: int | None = None) -> list[tuple[int, Any]]:
    return [
        (record.number, record.data.get("no"))
        for record in RestFeed(known).records("employees", limit=limit)
    ]


ALL = [(number + 1, number) for number in range(1, 8)]


def by_place(param: str, first: int, step: int) -> Any:
    """Answer three records from a page's number or an offset; never more, whatever is asked."""

    def answer(request: Request) -> Response:
        begin = (int(request.args[param]) - first) * step
        return told({"data": PEOPLE[begin : begin + 3], "total": len(PEOPLE)})

    return answer


def by_cursor(request: Request) -> Response:
    begin = int(request.args.get("after", "c0").removeprefix("c"))
    following = f"c{begin + 3}" if begin + 3 < len(PEOPLE) else None
    return told({"data": PEOPLE[begin : begin + 3], "next": following})


def test_a_list_at_once_keeps_its_places(known: RestSettings) -> None:
    assert numbers(known) == ALL
    assert numbers(known, limit=2) == ALL[:2]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"paging": "page", "page_param": "page"}, by_place("page", 1, 3)),
        ({"paging": "page", "page_param": "p", "first_page": 0}, by_place("p", 0, 3)),
        ({"paging": "offset", "page_param": "offset"}, by_place("offset", 0, 1)),
        ({"paging": "cursor", "page_param": "after", "cursor_path": "next"}, by_cursor),
        ({"paging": "page", "page_param": "page", "total_path": "total"}, by_place("page", 1, 3)),
        # The OA gives three a page although a hundred were asked: a short page is no end.
        ({"paging": "page", "page_param": "page", "size": 100}, by_place("page", 1, 3)),
    ],
)
def test_pages_are_read_to_their_end(
    oa: SmallOa, known: RestSettings, changes: dict[str, Any], answer: Any
) -> None:
    # given
    oa.answers["/people"] = answer

    # then
    assert numbers(replace(known, **changes)) == ALL


def test_a_preview_asks_for_one_page_only(oa: SmallOa, known: RestSettings) -> None:
    # given
    oa.answers["/people"] = by_place("page", 1, 3)

    # when
    found = numbers(replace(known, paging="page"), limit=2)

    # then
    assert found == ALL[:2]
    assert len(oa.asked) == 1


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"auth": "none"}, {}),
        ({"auth": "bearer", "secret": "t0ken"}, {"Authorization": "Bearer t0ken"}),
        ({"auth": "header", "header": "X-Api-Key", "secret": "k"}, {"X-Api-Key": "k"}),
    ],
)
def test_log_ins_by_header(
    oa: SmallOa, known: RestSettings, auth: dict[str, str], expected: dict[str, str]
) -> None:
    # when
    numbers(replace(known, **auth))

    # then
    sent = oa.asked[0].headers
    assert {name: sent[name] for name in expected} == expected
    assert ("Authorization" in sent) == ("Authorization" in expected)


def test_a_signature_covers_path_query_time_and_nonce(oa: SmallOa, known: RestSettings) -> None:
    # given an OA that answers only what is signed rightly
    def answer(request: Request) -> Response:
        sent = request.headers
        text = f"GET\n{request.full_path}\n{sent['X-Timestamp']}\n{sent['X-Nonce']}"
        wanted = hmac.new(b"s3cret", text.encode(), hashlib.sha256).hexdigest()
        good = sent["X-Access-Key"] == "ak" and hmac.compare_digest(wanted, sent["X-Signature"])
        return by_place("page", 1, 3)(request) if good else told({}, 401)

    oa.answers["/people"] = answer
    signed = replace(known, auth="hmac", key_id="ak", secret="s3cret", paging="page")

    # then
    assert numbers(signed) == ALL
    assert len({request.headers["X-Nonce"] for request in oa.asked}) == len(oa.asked)
    with pytest.raises(ExternalFailure, match="401"):
        numbers(replace(signed, secret="other"))


def later(answer: Response) -> Any:
    """Give a good first page and then this."""

    def answers(request: Request) -> Response:
        return by_place("page", 1, 3)(request) if request.args["page"] == "1" else answer

    return answers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response("boom", 500), "answered 500: boom"),
        (Response("<html>log in</html>", 200), "did not answer with JSON"),
        (Response('{"data": [', 200), "did not answer with JSON"),
        (Response("", 200), "did not answer with JSON"),
        (told({"data": None}), "no list"),
        (told({"data": {"no": 4}}), "no list"),
        (Response("", 302, {"Location": "http://169.254.169.254/"}), "another address"),
        (Response("", 403), "refuses our log-in"),
        (told({"code": 500, "data": []}), 'code = "500"'),
        (told({"data": PEOPLE[:3], "total": 7}), "same page twice"),
        (told({"data": PEOPLE[:3], "total": 7, "time": 2, "trace": "b"}), "same page twice"),
        (told({"code": 0, "data": [], "total": 7}), "gave 3"),
    ],
)
def test_a_bad_second_page_fails_the_whole_reading(
    oa: SmallOa, known: RestSettings, answer: Response, words: str
) -> None:
    # given
    oa.answers["/people"] = later(answer)
    check = "code=0" if "code = " in words else ""
    if check:
        first = told({"code": 0, "data": PEOPLE[:3], "total": 7})
        oa.answers["/people"] = lambda request: first if request.args["page"] == "1" else answer

    # then
    with pytest.raises(ExternalFailure, match=words):
        numbers(replace(known, paging="page", total_path="total", ok_check=check))


def test_a_row_that_comes_twice_counts_once(oa: SmallOa, known: RestSettings) -> None:
    # given a row moved onto the second page while another one was left out there
    oa.answers["/people"] = lambda request: told(
        {"data": {"1": PEOPLE[:3], "2": PEOPLE[2:6]}.get(request.args["page"], []), "total": 7}
    )

    # then seven rows came, but not the seven that there are
    with pytest.raises(ExternalFailure, match="7 records but gave 6 different"):
        numbers(replace(known, paging="page", total_path="total"))


def test_rows_that_are_alike_on_one_page_are_two(oa: SmallOa, known: RestSettings) -> None:
    # given an OA that does not tell its rows apart
    oa.give("/people", [{"name": "李雷"}, {"name": "李雷"}, {"name": "韩梅梅"}])
    given = oa.answers["/people"]
    oa.answers["/people"] = lambda request: told({**orjson.loads(given(request).data), "total": 3})

    # then
    found = list(RestFeed(replace(known, total_path="total")).records("employees"))
    assert [record.data["name"] for record in found] == ["李雷", "李雷", "韩梅梅"]


def test_a_total_that_changes_between_pages_breaks_the_reading_off(
    oa: SmallOa, known: RestSettings
) -> None:
    # given the first person is deleted after the first page: the fourth moves onto it unseen
    def answer(request: Request) -> Response:
        left = PEOPLE if request.args["offset"] == "0" else PEOPLE[1:]
        begin = int(request.args["offset"])
        return told({"data": left[begin : begin + 3], "total": len(left)})

    oa.answers["/people"] = answer
    paged = replace(known, paging="offset", page_param="offset", total_path="total")

    # then
    with pytest.raises(SourceMoved, match="7 records, then 6"):
        numbers(paged)


@pytest.mark.parametrize("inserted_at", [0, 4, 7])
def test_a_system_that_may_grow_loses_nobody_who_was_there(
    oa: SmallOa, known: RestSettings, inserted_at: int
) -> None:
    # given a record that comes after the first page, before, among or behind the others
    grown = [*PEOPLE[:inserted_at], {"no": 99}, *PEOPLE[inserted_at:]]

    def answer(request: Request) -> Response:
        rows = PEOPLE if request.args["page"] == "1" else grown
        begin = (int(request.args["page"]) - 1) * 3
        return told({"data": rows[begin : begin + 3], "total": len(rows)})

    oa.answers["/people"] = answer
    paged = replace(known, paging="page", total_path="total", grows=True)

    # then
    assert {number for _place, number in numbers(paged)} >= set(range(1, 8))
    with pytest.raises(SourceMoved, match="7 records, then 8"):
        numbers(replace(paged, grows=False))


def test_a_growing_system_that_shrinks_breaks_the_reading_off(
    oa: SmallOa, known: RestSettings
) -> None:
    oa.answers["/people"] = lambda request: told(
        {"data": PEOPLE[:3] if request.args["page"] == "1" else PEOPLE[4:], "total": 7 - int(request.args["page"])}
    )  # fmt: skip

    with pytest.raises(SourceMoved, match="6 records, then 5"):
        numbers(replace(known, paging="page", total_path="total", grows=True))


@pytest.mark.parametrize("later_total", [{}, {"total": None}, {"total": 0}, {"total": -1}])
def test_a_total_on_the_first_page_is_enough(
    oa: SmallOa, known: RestSettings, later_total: dict[str, Any]
) -> None:
    # given
    def answer(request: Request) -> Response:
        begin = (int(request.args["page"]) - 1) * 3
        total = {"total": 7} if begin == 0 else later_total
        return told({"data": PEOPLE[begin : begin + 3], **total})

    oa.answers["/people"] = answer

    # then
    assert numbers(replace(known, paging="page", total_path="total")) == ALL


def test_a_dead_system_is_said_in_words(known: RestSettings) -> None:
    # given nobody listens there
    nowhere = "http://127.0.0.1:9"

    # then
    with pytest.raises(ExternalFailure, match="cannot be read"):
        numbers(replace(known, origin=nowhere, allowed=(nowhere,)))


def test_secrets_are_not_in_what_is_printed(known: RestSettings) -> None:
    assert "s3cret" not in repr(replace(known, secret="s3cret"))
