"""What a user does: one file per verb, for Python; the command line parses options and calls these."""
