"""What is stored of a hand; pure."""
