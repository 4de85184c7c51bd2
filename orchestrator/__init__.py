"""The orchestrator of assembly cells: a cobot and a person, one assembly."""

__version__ = "0.1.0"
