"""What the node tells the routers: that it lives, and what its tables look like."""
