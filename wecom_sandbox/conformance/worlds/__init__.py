"""One file per area: the world its samples are tried in. Every file here is loaded."""
