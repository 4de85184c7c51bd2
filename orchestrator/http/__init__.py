"""Browsers, tablets and machines: REST, pages and one WebSocket. Start at `server`."""
