"""The lab: machines made on this computer with systemd-nspawn, their network, their base image. Needs root."""
