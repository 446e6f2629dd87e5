"""One file a component: which certificates, files, units, programs and images it wants on which machine. Pure."""
