"""Sales: which guide earned an order, and why."""
