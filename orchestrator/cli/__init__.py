"""The command line `tandem`, one noun a module."""
