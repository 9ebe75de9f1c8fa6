"""The points ledger and what points are redeemed for."""
