"""The way to the wallet worker: commands out, replies in, settlements in order."""
