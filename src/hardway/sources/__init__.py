"""Where programs and images come from: the cache, upstream's release sites and registries, builds from Go modules."""
