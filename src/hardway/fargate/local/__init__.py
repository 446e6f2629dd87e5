"""A Fargate on this computer: speaks AWS's wire protocols, and really runs the containers, by runc.

It exists so that the agent can be used and tested with no account. The agent knows nothing of it, and shares no code
with it; what they have in common is AWS's own description of its services, which botocore brings along.
"""
