"""What this app keeps of a person, where the models do not show it by themselves."""

from scrm.core.holdings import Holding, Way

HOLDINGS = (Holding("attribution.LiveCode", Way.APART, why="words of a code, no person's"),)
