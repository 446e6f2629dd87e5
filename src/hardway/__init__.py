"""hardway builds a highly available Kubernetes the hard way, and shows every step it takes."""

__version__ = "0.1.0"
