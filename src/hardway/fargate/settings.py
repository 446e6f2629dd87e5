"""What the agent is told by its configuration file. Pure.

The first twelve keys are those of virtual-kubelet's own AWS provider (fargate.toml), with its spelling and meaning; the
others are in the same style.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, Literal

from lightkube.utils.quantity import parse_quantity
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

ARTICLE_KEYS: Final = 12
"""So many of the fields, in their order, are the article's."""

_ARN: Final = r"arn:aws[a-z-]*:"


def _quantity(text: str) -> str:
    try:
        value = parse_quantity(text)
    except (ValueError, InvalidOperation):
        value = None
    if value is None or value <= 0:
        raise ValueError("is no quantity above zero")
    return text


def _text(value: object) -> object:
    """A bare number stands for its text: CPU = 20."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Quantity = Annotated[str, BeforeValidator(_text), AfterValidator(_quantity)]
Number = Annotated[str, BeforeValidator(_text), Field(pattern=r"^[1-9][0-9]{0,4}$")]
Role = Annotated[str, Field(pattern=rf"^({_ARN}iam::\d{{12}}:role/[\w+=,.@/-]+)?$")]


class Settings(BaseModel):
    """The configuration as a value; keys are the fields' aliases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Annotated[str, Field(alias="Region", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    cluster: Annotated[str, Field(alias="ClusterName", pattern=r"^[A-Za-z0-9_-]{1,255}$")]
    """The ECS cluster."""
    subnets: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...],
        Field(alias="Subnets", min_length=1, max_length=16),
    ]
    security_groups: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...], Field(alias="SecurityGroups", max_length=5)
    ] = ()
    assign_public_address: bool = Field(False, alias="AssignPublicIPv4Address")
    execution_role: Role = Field("", alias="ExecutionRoleArn")
    """Empty: images need no credentials, nothing is logged, and pods have no secrets."""
    log_group: Annotated[str, Field(alias="CloudWatchLogGroupName", max_length=512, pattern=r"^[A-Za-z0-9_./#-]*$")] = (
        ""
    )
    """Empty: containers' output is lost, and `kubectl logs` says so."""
    platform_version: Annotated[str, Field(alias="PlatformVersion", pattern=r"^(LATEST|\d+\.\d+\.\d+)$")] = "LATEST"
    operating_system: Literal["Linux"] = Field("Linux", alias="OperatingSystem")
    cpu: Quantity = Field("20", alias="CPU")
    """The node's capacity: so much the scheduler gives it."""
    memory: Quantity = Field("40Gi", alias="Memory")
    pods: Number = Field("20", alias="Pods")

    node_name: Annotated[str, Field(alias="NodeName", max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")] = (
        "virtual-kubelet"
    )
    node_address: Annotated[str, Field(alias="NodeAddress", pattern=r"^[0-9a-fA-F.:]*$")] = ""
    """Where the API servers reach the agent's port; empty: the address of this computer's default route."""
    kubelet_port: Annotated[int, Field(alias="KubeletPort", ge=1, le=65535)] = 10250
    kubelet_certificate: str = Field("", alias="KubeletCertificate")
    """Files, PEM. Empty: no kubelet API, and so no `kubectl logs`."""
    kubelet_key: str = Field("", alias="KubeletKey")
    kubelet_client_ca: str = Field("", alias="KubeletClientCA")
    architecture: Literal["amd64", "arm64"] = Field("amd64", alias="Architecture")
    task_role: Role = Field("", alias="TaskRoleArn")
    """The role of pods that name none by annotation."""
    secret_store: Literal["SecretsManager", "SSM"] = Field("SecretsManager", alias="SecretStore")
    """Where the values of Kubernetes' secrets lie while their pod runs; never in a task definition."""
    files_image: Annotated[str, Field(alias="FilesImage", min_length=1)] = (
        "public.ecr.aws/docker/library/busybox:stable"
    )
    """Has sh and base64; writes configMap and secret volumes' files before the pod's own containers start."""
    orphan_grace: Annotated[int, Field(alias="OrphanGraceSeconds", ge=30, le=86400)] = 300
    """A task whose pod is gone is stopped only after so many seconds of a healthy watch."""
    poll_interval: Annotated[float, Field(alias="PollSeconds", ge=0.1, le=300)] = 10.0
    """Between two looks at all tasks."""
    endpoint: Annotated[str, Field(alias="EndpointURL", pattern=r"^(https?://.+)?$")] = ""
    """Another AWS than the real one."""

    @property
    def pod_limit(self) -> int:
        return int(self.pods)

    @property
    def log_stream_prefix(self) -> str:
        return f"hardway-{self.node_name}"


def amount(quantity: str) -> Decimal:
    """A quantity of Kubernetes as a number. Raises ValueError."""
    value = parse_quantity(quantity)
    if value is None:
        raise ValueError(f"{quantity!r} is no quantity")
    return value
