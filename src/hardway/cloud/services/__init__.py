"""What runs inside the cloud, by the cloud's own virtual environment: the projects' processes and their supervisor.

Nothing here may import what only hardway's environment has (see .importlinter).
"""
