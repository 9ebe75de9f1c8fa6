"""The full sync of customers from WeCom, and its reconciliation."""
