"""Fields of customers a company adds itself."""
