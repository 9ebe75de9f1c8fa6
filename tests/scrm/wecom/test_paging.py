"""Walks of cursors: resumable, and never a part that passes for the whole."""

from dataclasses import dataclass

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComPermanent, WeComRetryable
from scrm.wecom.paging import Pages
from tests.scrm.wecom.conftest import Server, says


@dataclass(frozen=True)
class Page:
    rows: tuple[str, ...]
    next_cursor: str


class Book:
    """Pages by cursor; a cursor may expire."""

    def __init__(self, pages: dict[str, Page]) -> None:
        self.pages, self.expired, self.asked = pages, set[str](), list[str]()
        self.code = 40058

    def __call__(self, cursor: str) -> Page:
        self.asked.append(cursor)
        if cursor in self.expired:
            raise WeComPermanent(self.code, "invalid cursor", "book")
        return self.pages[cursor]


THREE = {
    "": Page(("a",), "2"),
    "2": Page((), "3"),
    "3": Page(("b", "c"), ""),
}


def rows(pages: Pages[Page]) -> list[str]:
    return [row for page in pages for row in page.rows]


def test_every_page_comes_once_an_empty_one_too() -> None:
    book = Book(THREE)
    walk = Pages(book, "book")

    assert rows(walk) == ["a", "b", "c"]
    assert (walk.read, walk.finished, walk.cursor, walk.restarted) == (3, True, "", False)
    assert list(walk) == []
    assert book.asked == ["", "2", "3"]


def test_a_walk_goes_on_where_another_one_stopped() -> None:
    book = Book(THREE)
    first = Pages(book, "book")
    next(first)
    kept = first.cursor

    assert (kept, first.finished) == ("2", False)
    assert rows(Pages(book, "book", cursor=kept)) == ["b", "c"]
    assert book.asked == ["", "2", "3"]


def test_an_expired_cursor_begins_again_only_where_that_does_no_harm() -> None:
    book = Book(THREE)
    book.expired = {"2"}

    with pytest.raises(WeComPermanent):
        list(Pages(book, "book", cursor="2"))
    book.asked.clear()
    walk = Pages(book, "book", cursor="2", restarts=True)
    assert next(walk).rows == ("a",)
    assert walk.restarted is True
    with pytest.raises(WeComPermanent):
        next(walk)
    assert book.asked == ["2", "", "2"]


def test_a_refusal_of_the_first_page_is_no_expired_cursor() -> None:
    book = Book(THREE)
    book.expired = {""}

    with pytest.raises(WeComPermanent):
        list(Pages(book, "book", restarts=True))
    assert book.asked == [""]


@pytest.mark.parametrize("back_to", ["2", "3"])
def test_a_circle_is_an_error_and_no_end(back_to: str) -> None:
    book = Book({**THREE, "3": Page(("b",), back_to)})

    with pytest.raises(WeComRetryable, match="already read"):
        list(Pages(book, "book"))


def test_a_customer_with_many_followers_is_read_whole(server: Server, client: WeComClient) -> None:
    # given more pages than any fixed bound would allow for
    pages = [
        says(
            {
                "errcode": 0,
                "external_contact": {"external_userid": "wm1", "name": "x"},
                "follow_user": [{"userid": f"g{number}"}],
                "next_cursor": f"c{number}" if number < 59 else "",
            }
        )
        for number in range(60)
    ]
    server.does("externalcontact/get", *pages)

    detail = client.external_contact.get("wm1")

    assert [follow.userid for follow in detail.follow_users] == [
        f"g{number}" for number in range(60)
    ]


@pytest.mark.parametrize("code", [40058, 40035, 50100])
def test_every_code_of_an_expired_cursor_begins_the_walk_again_as_its_text_says(code: int) -> None:
    book = Book(THREE)
    book.code, book.expired = code, {"2"}
    walk = Pages(book, "book", cursor="2", restarts=True)
    book.pages = {**THREE, "": Page(("a",), "3")}

    assert rows(walk) == ["a", "b", "c"]
    assert walk.restarted
