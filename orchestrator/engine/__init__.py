"""What happens over time: one runner drives one cell."""
