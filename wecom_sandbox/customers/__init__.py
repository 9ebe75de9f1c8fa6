"""People outside the corp, who follows whom, and what is known of them: relations, tags, transfers, statistics."""
