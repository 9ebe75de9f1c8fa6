"""Figures are read in thousands in business, not in the myriads that Django's zh_Hans groups by."""

NUMBER_GROUPING = 3
THOUSAND_SEPARATOR = ","
DECIMAL_SEPARATOR = "."
