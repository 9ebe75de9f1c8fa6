"""Customer groups of WeCom: who is in them, who owns them, what happened."""
