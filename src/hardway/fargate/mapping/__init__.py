"""From a pod to a task of ECS on Fargate: sizes, environment, files, containers, what is refused. Pure."""
