"""What a .keras archive holds, read without making its model."""
