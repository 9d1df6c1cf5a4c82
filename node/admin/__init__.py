"""What administrators and monitors may ask the node."""
