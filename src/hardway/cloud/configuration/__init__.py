"""The files that the projects of OpenStack are configured by, one module a project. Pure."""
