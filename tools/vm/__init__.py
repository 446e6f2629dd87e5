"""`make vm`: proof that the lab works on an ordinary computer (cgroup v2, systemd as PID 1), in a virtual machine."""
