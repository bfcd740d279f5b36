"""Content put into a materials store by a test."""

from gateways.materials import MaterialsStore
from gateways.spool import Spool


async def put(store: MaterialsStore, data: bytes) -> str:
    """Store these bytes; gives their SHA-256."""
    with Spool() as content:
        content.add(data)
        return await store.put(content)
