"""Shows the results of load tests to people: pages with charts, flame graphs, two results side by side."""
