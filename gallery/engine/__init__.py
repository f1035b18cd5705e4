"""What runs the calls: the embedded worker."""
