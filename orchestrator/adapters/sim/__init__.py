"""The simulated cell: its arm, its world, its camera and its worker."""
