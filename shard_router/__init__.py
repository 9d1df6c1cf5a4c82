"""The front door: accounts, lobby, and the way to the node that holds a table."""
