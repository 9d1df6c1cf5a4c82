"""What the router decides, without asking anybody: values in, values out."""
