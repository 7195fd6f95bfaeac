"""What is shipped to run the exporter, and what checks it."""
