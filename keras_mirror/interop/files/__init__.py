"""What is written into folders, and what may not be there yet."""
