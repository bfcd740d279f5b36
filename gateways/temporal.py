"""Temporal: the one place that builds clients, and with them the data converter."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from filing.process.messages import UNDECODABLE
from gateways.discovery import ServiceUnreachable, read_up
from settings import Settings

TASK_QUEUE = "filings"
WORKFLOW = "FilingWorkflow"

SEARCH_ATTRIBUTES = {
    "FilingStatus": "Keyword",
    "FilingKind": "Keyword",
    "ApplicantType": "Keyword",
    "Province": "Keyword",
    "WaitingFor": "Keyword",
    "DueAt": "Datetime",
    "Overdue": "Bool",
    "DeadlineProvisional": "Bool",
    "Round": "Int",
}
"""Search attributes and their types, as `temporal` names them (contract, section 3)."""

_ANY = TypeAdapter[Any](Any)
_READABLE = {b"json/plain", b"binary/null", b"binary/plain"}


class UndecodableCodec(PayloadCodec):
    """Puts a plain marker in place of what nothing here can read.

    A payload that fails to decode would be dropped with a log line, or wedge the filing for ever
    (an unknown encoding, `json/protobuf` chosen in Temporal's UI, another key's ciphertext, broken
    JSON); the marker reaches the handler, which refuses it and puts that on record.
    """

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Nothing is changed on the way out."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Unreadable payloads become the marker."""
        return [p if readable(p) else marker() for p in payloads]


def readable(payload: Payload) -> bool:
    """Whether the converter can read it, whatever it is read as."""
    encoding = payload.metadata.get("encoding", b"")
    if encoding not in _READABLE:
        return False
    if encoding == b"json/plain":
        try:
            # The parser that the converter uses: what it refuses (as deep nesting) is unreadable.
            _ANY.validate_json(payload.data)
        except ValidationError:
            return False
    return True


def marker() -> Payload:
    """What stands in for what cannot be read."""
    data = json.dumps({UNDECODABLE: True}).encode()
    return Payload(metadata={"encoding": b"json/plain"}, data=data)


def data_converter() -> DataConverter:
    """Pydantic models as JSON; unreadable payloads as markers."""
    return dataclasses.replace(pydantic_data_converter, payload_codec=UndecodableCodec())


async def connect(settings: Settings, *, address: str | None = None) -> Client:
    """A client: by Temporal's own environment and profiles, else to the running `up` of this home.

    Raises `ServiceUnreachable` with what to do.
    """
    config = ClientConfig.load_client_connect_config()
    target = address or config.get("target_host")
    if not target:
        up = read_up(settings.home)
        if up is None:
            raise ServiceUnreachable(
                f"no Temporal server: no `starter.py up` is running in {settings.home} and "
                "TEMPORAL_ADDRESS is not set; start `python starter.py up`, or set TEMPORAL_ADDRESS"
            )
        target = up.temporal_address
    config["target_host"] = target
    try:
        return await Client.connect(**config, data_converter=data_converter())
    except (RPCError, RuntimeError) as error:
        raise ServiceUnreachable(
            f"the Temporal server at {target} cannot be reached; is `starter.py up` still running "
            "(or is TEMPORAL_ADDRESS right)?"
        ) from error


async def register_search_attributes(client: Client) -> None:
    """Register our search attributes where the server lacks them. Raises `ServiceUnreachable`
    with the command to run where this client may not."""
    for name, kind in SEARCH_ATTRIBUTES.items():
        request = AddSearchAttributesRequest(
            search_attributes={name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}")},
            namespace=client.namespace,
        )
        try:
            await client.operator_service.add_search_attributes(
                request, timeout=timedelta(seconds=10)
            )
        except RPCError as error:
            if error.status is RPCStatusCode.ALREADY_EXISTS:
                continue
            raise ServiceUnreachable(
                f"search attribute {name} is missing and could not be registered; run: temporal "
                f"operator search-attribute create --name {name} --type {kind}"
            ) from error
