import pytest
from memory_store import MemoryStore
from starlette.testclient import TestClient

from app.web import build


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def client(store):
    return TestClient(build(store), raise_server_exceptions=False)
