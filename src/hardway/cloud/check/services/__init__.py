"""One file a service: where it is, which version, its counterpart in AWS, and the proof that it works."""
