"""The phone: be any customer or any guide and do what they would do."""
