"""What a mall asks before it draws a page: is there an entry to show here, and with which words."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from attribution.entries import selectors
from attribution.entries.models import MOST_IDENTITY, Hook
from attribution.entries.places import PLACES
from attribution.entries.selectors import Offer, Refusal
from attribution.entries.shut import closure_of
from attribution.entries.tickets import Visitor, ticket_of
from scrm.core.api import StrictSerializer

IDENTITIES = ("unionid", "external_userid", "visitor_id", "order_no")


class _Id(serializers.CharField):
    """An optional identifier in printable ASCII."""

    def __init__(self, length: int = MOST_IDENTITY) -> None:
        super().__init__(max_length=length, required=False, allow_blank=True, default="")

    def to_internal_value(self, data: Any) -> str:
        """Refuse what no identifier looks like."""
        text = super().to_internal_value(data)
        if text and not (text.isascii() and text.isprintable()):
            raise serializers.ValidationError(_("Letters, digits and signs only, without blanks."))
        return text


class OfferAddressSerializer(StrictSerializer):
    """Which page of which store is drawn.

    Either `token`, or a store by `store_code` or `order_no` together with `entry` or `place`.
    """

    entry = _Id(32)
    place = serializers.ChoiceField(
        choices=[(code, code) for code in PLACES], required=False, allow_blank=True, default=""
    )
    store_code = _Id()
    order_no = _Id()
    token = _Id(30)
    visitor_id = _Id()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what is needed to find one entry at one store."""
        if attrs["token"]:
            return attrs
        if not (attrs["store_code"] or attrs["order_no"]):
            raise serializers.ValidationError(
                {"store_code": [_("Send store_code or order_no, or a token.")]}
            )
        if not (attrs["entry"] or attrs["place"]):
            raise serializers.ValidationError({"place": [_("Send entry or place, or a token.")]})
        return attrs


class OfferQuerySerializer(OfferAddressSerializer):
    """Which page of which store is drawn, and for whom as far as is known; in a body, where no log keeps it."""

    unionid = _Id()
    external_userid = _Id()


class NearestOpenSerializer(serializers.Serializer[Any]):
    """An open store nearby that shows the same entry."""

    store_code = serializers.CharField()
    name = serializers.CharField()
    metres = serializers.IntegerField()
    url = serializers.URLField()


class OfferAnswerSerializer(serializers.Serializer[Any]):
    """What to show. Without `shown` draw nothing; `reason` and `message` are for the developer, not the customer."""

    shown = serializers.BooleanField()
    reason = serializers.ChoiceField(
        choices=[(code, code) for code in selectors.NOT_OFFERED], required=False
    )
    message = serializers.CharField(required=False)
    entry = serializers.CharField(required=False)
    place = serializers.CharField(required=False)
    hook = serializers.ChoiceField(choices=Hook.choices, required=False)
    store_code = serializers.CharField(required=False)
    store_shut = serializers.BooleanField(
        required=False, help_text="temporarily closed; its guides answer meanwhile"
    )
    reopens_on = serializers.DateField(
        required=False, help_text="missing where it is not known yet"
    )
    nearest_open = NearestOpenSerializer(
        required=False, help_text="while the store is shut: the nearest open one with this entry"
    )
    title = serializers.CharField(required=False)
    text = serializers.CharField(required=False)
    button = serializers.CharField(required=False)
    token = serializers.CharField(required=False, help_text="names entry and store in events")
    url = serializers.URLField(required=False, help_text="the lead-in page, for this visitor alone")
    add_url = serializers.URLField(required=False, help_text="WeCom's link inside the code")


class OffersView(APIView):
    """The entry of a page, if one is to be shown."""

    api_scope = "entries.read"

    @extend_schema(
        operation_id="entry_offer_get",
        parameters=[OfferAddressSerializer],
        responses=OfferAnswerSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer by the address alone; identities of people are refused here: logs keep addresses, so send
        them by POST.
        """
        return _answer(OfferAddressSerializer(data=request.query_params.dict()))

    @extend_schema(
        operation_id="entry_offer", request=OfferQuerySerializer, responses=OfferAnswerSerializer
    )
    def post(self, request: Request) -> Response:
        """Answer and seal who the visitor is into the address of the lead-in page. Changes nothing."""
        return _answer(OfferQuerySerializer(data=request.data))


def _answer(query: OfferAddressSerializer) -> Response:
    query.is_valid(raise_exception=True)
    asked = query.validated_data
    visitor = Visitor(**{name: asked.get(name, "") for name in IDENTITIES})
    found = _found(asked, visitor)
    body = _offer_body(found, visitor) if isinstance(found, Offer) else _refusal_body(found)
    return Response(OfferAnswerSerializer(body).data)


def _found(asked: Mapping[str, Any], visitor: Visitor) -> Offer | Refusal:
    if asked["token"]:
        return selectors.offer_of_token(asked["token"]) or Refusal("entry_unknown")
    store_code = asked["store_code"] or selectors.store_of_order(asked["order_no"])
    if not store_code:
        return Refusal("order_unknown")
    return selectors.offer_for(
        store_code, entry_code=asked["entry"], place=asked["place"], visitor=visitor
    )


def _refusal_body(refusal: Refusal) -> dict[str, Any]:
    return {"shown": False, "reason": refusal.reason, "message": refusal.words}


def _offer_body(offer: Offer, visitor: Visitor) -> dict[str, Any]:
    token = offer.row.token
    return {
        "shown": True,
        **_closure_body(offer, visitor),
        "entry": offer.entry.code,
        "place": offer.entry.place,
        "hook": offer.entry.hook,
        "store_code": offer.row.store.code,
        "title": offer.entry.title,
        "text": offer.entry.text,
        "button": offer.entry.button,
        "token": token,
        "url": _page(token, visitor),
        "add_url": offer.code.link,
    }


def _page(token: str, visitor: Visitor) -> str:
    page = settings.BASE_URL + reverse("entry_pages:page", args=[token])
    return f"{page}?v={ticket_of(visitor, token)}" if visitor.is_known else page


def _closure_body(offer: Offer, visitor: Visitor) -> dict[str, Any]:
    closure = closure_of(offer, timezone.now())
    if closure is None:
        return {"store_shut": False}
    body: dict[str, Any] = {"store_shut": True}
    if closure.reopens_on is not None:
        body["reopens_on"] = closure.reopens_on
    if closure.elsewhere is not None:
        store, token = closure.elsewhere.offer.row.store, closure.elsewhere.offer.row.token
        body["nearest_open"] = {
            "store_code": store.code,
            "name": store.name,
            "metres": closure.elsewhere.metres,
            "url": _page(token, visitor),
        }
    return body
