"""Boards: figures a day by guide, store and branch."""
