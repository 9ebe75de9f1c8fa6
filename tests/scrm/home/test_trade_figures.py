"""The home page's figures about losses, views, sales and risk."""

from datetime import timedelta

import pytest
from django.utils import timezone

from risk.anomalies.models import Incident
from risk.capacity.models import Capacity
from tests.attribution.boards.selling import post, sold
from tests.factories.attribution import AddEpisodeFactory
from tests.factories.materials import SendFactory, view

pytestmark = pytest.mark.django_db


def test_losses_views_and_sales_of_today_are_counted_with_nobodys_sales_beside(
    client, hq_ops, guide_li, company
):
    client.cookies["django_language"] = "en"
    now, day = timezone.now(), timezone.localdate()
    AddEpisodeFactory(userid="guide_li", started_at=now - timedelta(days=3), ended_at=now)
    AddEpisodeFactory(userid="guide_li", ended_at=now - timedelta(days=2))
    send = SendFactory(member=guide_li)
    for who, key in [
        ("identified", "u1"),
        ("identified", "u1"),
        ("inferred", ""),
        ("anonymous", ""),
    ]:
        view(send, who=who, unionid=key, external_userid="wm1" if who == "inferred" else "")
    view(send, counted=False, who="identified", unionid="u2")
    post(sold(guide_li, company.store_a, "1300.00", day), "refund", "-20.50", day)
    sold(guide_li, company.store_a, "10.00", day - timedelta(days=1))
    sold(None, company.store_a, "5.00", day)
    client.force_login(hq_ops)

    page = client.get("/console/")

    shown = {card.key: card.figure for card in page.context["cards"]}
    assert (shown["losses_today"].value, shown["losses_today"].trend[-3:]) == (1, (1, 0, 1))
    assert (shown["viewers_today"].value, shown["viewers_today"].note) == (
        1,
        "1 inferred, 1 anonymous",
    )
    assert (shown["sales_today"].text, shown["sales_today"].trend[-2:]) == ("1,279.50", (10, 1280))
    assert shown["sales_today"].note == "5.00 credited to nobody"
    assert "1,279.50" in page.content.decode()


def test_another_branch_counts_none_of_these_sales(client, outsider, guide_li, company):
    sold(guide_li, company.store_a, "1300.00", timezone.localdate())
    client.force_login(outsider)

    page = client.get("/console/")

    assert {card.key: card.figure.value for card in page.context["cards"]}["sales_today"] == 0


def test_full_accounts_and_open_incidents_wait_for_somebody(client, hq_ops, guide_li):
    Capacity.objects.create(member=guide_li, used=4300, level=85, counted_at=timezone.now())
    now = timezone.now()
    Incident.objects.create(member=guide_li, level="critical", first_at=now, last_at=now)
    client.force_login(hq_ops)

    todos = client.get("/console/").context["todos"]

    assert {(todo.count, todo.url) for todo in todos} >= {
        (1, "/console/capacity/?usage=warned"), (1, "/console/anomalies/"),
    }  # fmt: skip
