"""The cloud's network: Open vSwitch and OVN, wholly in userspace and in network namespaces of the cloud's own."""
