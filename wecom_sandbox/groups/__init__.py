"""Customer groups: members, talk, codes to join, transfers and statistics."""
