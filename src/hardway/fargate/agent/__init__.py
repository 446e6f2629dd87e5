"""The agent itself: what touches AWS (`aws` alone knows boto3) and the Kubernetes API. It never imports `local/`."""
