"""Search, lists, saved views, bulk steps and exports of customers."""
