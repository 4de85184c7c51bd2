"""The devices of the embedded cell, one kind a file. Each senses and changes the true world, never the ledger."""
