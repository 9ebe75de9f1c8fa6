"""Gathers the models of this app's features."""

from attribution.adds.models import AddEpisode
from attribution.live_codes.models import LiveCode, LiveCodeMember
from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate

__all__ = ["AddEpisode", "LiveCode", "LiveCodeMember", "WelcomeDelivery", "WelcomeTemplate"]
