"""Pictures that people take of results: made safe to keep, and kept."""
