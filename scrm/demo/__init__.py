"""The demo stack, its data and the story: everything through the product's public doors."""
