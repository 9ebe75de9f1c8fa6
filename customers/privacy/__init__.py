"""What a data subject may ask for: a copy, erasure; and how long things are kept."""
