"""AWS's wire protocols `json`, `query` and `ec2`, from botocore's own description of each service. Pure.

Requests are checked against the service's input, and answers against its output: what AWS could not say is not said
here either.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

import botocore.session
from botocore.validate import ParamValidator

from hardway.fargate.local.errors import ApiFault

SERVICES: Final = ("ecs", "logs", "secretsmanager", "ssm", "sts", "ec2", "iam")


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def name(self) -> str:
        """As IAM writes it."""
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True, slots=True)
class Response:
    """What goes over the wire."""

    status: int
    body: str
    content_type: str


@cache
def model(service: str) -> Any:
    """botocore's ServiceModel."""
    return botocore.session.get_session().get_service_model(service)


@cache
def _targets() -> Mapping[str, str]:
    """Of the services of protocol json, the service of each X-Amz-Target prefix."""
    json_services = (one for one in SERVICES if model(one).metadata["protocol"] == "json")
    return {model(one).metadata["targetPrefix"]: one for one in json_services}


def read(target: str, service: str, body: str) -> Call:
    """The call of a request: by its X-Amz-Target, else by the form's Action for the service it was signed for.

    Raises ApiFault for what the service does not know or take.
    """
    prefix, _, operation = target.rpartition(".")
    if prefix:
        if prefix not in _targets():
            raise ApiFault("UnknownOperationException", f"{target} is not spoken here")
        return _checked(_targets()[prefix], operation, _json(body))
    form = dict(parse_qsl(body, keep_blank_values=True))
    if service not in SERVICES or "Action" not in form:
        raise ApiFault("InvalidAction", f"service {service or 'unknown'} is not spoken here")
    shape = _operation(service, form["Action"]).input_shape
    return _checked(service, form["Action"], _from_form(form, shape, service) if shape else {})


def _json(body: str) -> dict[str, Any]:
    try:
        value = json.loads(body or "{}")
    except ValueError:
        raise ApiFault("SerializationException", "the body is no JSON") from None
    if not isinstance(value, dict):
        raise ApiFault("SerializationException", "the body is no object")
    return value


def _operation(service: str, operation: str) -> Any:
    if operation not in model(service).operation_names:
        raise ApiFault("InvalidAction", f"{service} has no operation {operation[:100]}")
    return model(service).operation_model(operation)


def _checked(service: str, operation: str, parameters: dict[str, Any]) -> Call:
    shape = _operation(service, operation).input_shape
    report = ParamValidator().validate(parameters, shape) if shape else None
    if report is not None and report.has_errors():
        code = "InvalidParameterException" if service == "ecs" else "ValidationException"
        raise ApiFault(code, report.generate_report())
    return Call(service, operation, parameters)


def _from_form(form: Mapping[str, str], shape: Any, service: str) -> dict[str, Any]:
    """Flat lists (SubnetId.1, and `Filter.1.Value.1` of ec2) and scalars: all that is asked here."""
    made: dict[str, Any] = {}
    for name, member in shape.members.items():
        key = _form_name(name, member, service)
        if member.type_name == "list":
            items = list(_listed(form, key, member.member, service))
            if items:
                made[name] = items
        elif key in form:
            made[name] = _scalar(form[key], member)
    return made


def _form_name(name: str, member: Any, service: str) -> str:
    given = member.serialization.get("queryName") or member.serialization.get("name") or name
    return str(given[:1].upper() + given[1:]) if service == "ec2" else str(given)


def _listed(form: Mapping[str, str], key: str, member: Any, service: str) -> Iterator[Any]:
    number = 1
    while any(name == f"{key}.{number}" or name.startswith(f"{key}.{number}.") for name in form):
        prefix = f"{key}.{number}"
        if member.type_name == "structure":
            inner = {name.removeprefix(f"{prefix}."): value for name, value in form.items() if name.startswith(prefix)}
            yield _from_form(inner, member, service)
        else:
            yield form[prefix]
        number += 1


def _scalar(text: str, member: Any) -> Any:
    if member.type_name == "boolean":
        return text == "true"
    return int(text) if member.type_name in ("integer", "long") else text


def answer(call: Call, result: Mapping[str, Any]) -> Response:
    """The result as the service's protocol has it. Raises ValueError where the service could not answer so."""
    operation = model(call.service).operation_model(call.operation)
    faults = list(conformity(operation.output_shape, result)) if operation.output_shape else []
    if faults:
        raise ValueError(f"{call.name} cannot answer this: {'; '.join(faults)}")
    protocol = model(call.service).metadata["protocol"]
    if protocol == "json":
        version = model(call.service).metadata["jsonVersion"]
        return Response(200, json.dumps(result, default=_plain), f"application/x-amz-json-{version}")
    content = "".join(_xml_members(operation.output_shape, result)) if operation.output_shape else ""
    return Response(200, _envelope(call, protocol, content), "text/xml")


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} has no JSON")


def conformity(shape: Any, value: Any, where: str = "answer") -> Iterator[str]:
    """What a value has that the shape has not, and what is of another type."""
    kind: str = shape.type_name
    if not isinstance(value, _PYTHON[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
        yield f"{where} is a {type(value).__name__} where the model has a {kind}"
    else:
        yield from _inner_conformity(kind, shape, value, where)


def _inner_conformity(kind: str, shape: Any, value: Any, where: str) -> Iterator[str]:
    if kind == "structure":
        yield from (f"{where}.{name} is not in the model" for name in value if name not in shape.members)
        yield from (f"{where}.{name} is required" for name in shape.required_members if name not in value)
        for name in value.keys() & shape.members.keys():
            yield from conformity(shape.members[name], value[name], f"{where}.{name}")
    elif kind == "list":
        for number, item in enumerate(value):
            yield from conformity(shape.member, item, f"{where}[{number}]")
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{where} is {value!r}, which is none of {', '.join(shape.enum)}"


_PYTHON: Final[Mapping[str, type | tuple[type, ...]]] = {
    "structure": Mapping,
    "map": Mapping,
    "list": Sequence,
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime,
    "blob": bytes,
}


def refusal(service: str, fault: ApiFault) -> Response:
    """An error as the service's protocol has it."""
    protocol = model(service).metadata["protocol"] if service in SERVICES else "json"
    if protocol == "json":
        text = json.dumps({"__type": fault.code, "message": fault.message})
        return Response(fault.status, text, "application/x-amz-json-1.1")
    inner = f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"
    if protocol == "ec2":
        text = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{uuid4()}</RequestID></Response>"
    else:
        text = f"<ErrorResponse><Error>{inner}</Error><RequestId>{uuid4()}</RequestId></ErrorResponse>"
    return Response(fault.status, text, "text/xml")


def _envelope(call: Call, protocol: str, content: str) -> str:
    name = call.operation
    if protocol == "ec2":
        return f"<{name}Response><requestId>{uuid4()}</requestId>{content}</{name}Response>"
    meta = f"<ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
    return f"<{name}Response><{name}Result>{content}</{name}Result>{meta}</{name}Response>"


def _xml_members(shape: Any, value: Mapping[str, Any]) -> Iterator[str]:
    for name, item in value.items():
        member = shape.members[name]
        yield _xml(member.serialization.get("name") or name, member, item)


def _xml(tag: str, shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return f"<{tag}>{''.join(_xml_members(shape, value))}</{tag}>"
    if shape.type_name == "list":
        inner = shape.member.serialization.get("name") or "member"
        return f"<{tag}>{''.join(_xml(inner, shape.member, item) for item in value)}</{tag}>"
    if isinstance(value, bool):
        return f"<{tag}>{str(value).lower()}</{tag}>"
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"<{tag}>{escape(text)}</{tag}>"
