"""Payment gateways: what takes coins in and sends them out for the house."""
