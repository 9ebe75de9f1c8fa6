"""Reading another system of the retailer: its JSON records page by page, and paths into them."""
