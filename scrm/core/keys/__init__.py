"""Keys of the stored data: which rows use which one, and changing them while people work."""
