"""Machines that are servers of an OpenStack cloud, and all they need there. The only room that imports openstacksdk."""
