"""What the product does, one file an operation: plan, up, verify, status, down."""
