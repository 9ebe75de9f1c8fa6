"""A small stand-in of the retailer's mall: its own process, in touch with the product by the partner API alone."""
