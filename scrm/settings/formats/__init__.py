"""Formats of numbers and dates by language, where Django's own differ from what a retailer reads."""
