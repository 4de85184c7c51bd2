"""Pure: what is asked, what happened, what is legal. No I/O and no clock; pydantic, transitions and numpy alone."""
