"""A Project to Kubernetes objects and diagnostics. Pure: values in, values out."""
