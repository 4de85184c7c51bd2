"""One foreign thing each, behind a port of the core."""
