"""docker-compose.yml on the cluster: a project loaded as the Compose Specification says, made into Kubernetes objects.

Two pure stages (`loading` yields a Project, `converting` objects and diagnostics) and one that touches a cluster
(`operations`), by the same plan, steps and handler as everything else.
"""
