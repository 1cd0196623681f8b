"""What the operating system and other code are to archrank: files, folders, a user's modules, interrupts, progress."""
