"""What happens in a load test besides playing: one scenario a file."""
