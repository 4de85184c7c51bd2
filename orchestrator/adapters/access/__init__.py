"""Accounts on disk, secrets that are stored as hashes alone, and the site's certificates."""
