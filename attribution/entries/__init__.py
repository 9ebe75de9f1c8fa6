"""Entries: places in the retailer's own channels that lead customers to a guide."""
