"""Check-in of customers in a group, and their streaks."""
