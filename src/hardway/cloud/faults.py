"""What can go wrong with a cloud, said in full. Touches nothing."""

from __future__ import annotations

from hardway.lab.faults import LabFault


class CloudFault(LabFault):
    """Something of the cloud could not be done: what, the last lines of evidence, and a way out. Never a secret."""
