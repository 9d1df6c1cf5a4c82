"""What is done once a day, by whichever worker is first."""
