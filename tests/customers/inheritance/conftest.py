"""The shop of the hand-over tests."""

from tests.customers.inheritance.leaver import leaver
from tests.customers.inheritance.shop import run, shop

__all__ = ["leaver", "run", "shop"]
