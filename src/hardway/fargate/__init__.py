"""A virtual kubelet over AWS Fargate: a node that is no machine. A wing.

Pods bound to the node run as tasks of Amazon ECS on Fargate. `mapping/`, `reconcile`, `status` and `node` are pure;
`agent/` touches AWS and the Kubernetes API; `local/` is a Fargate on this computer, which the agent knows nothing of.
"""
