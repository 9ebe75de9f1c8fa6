"""Ways to be added and to reach customers: contact ways, acquisition links, mass messages, moments, products, word rules."""
