"""The cloud's kinds of resources, as values. Pure."""
