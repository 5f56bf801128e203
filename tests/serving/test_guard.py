"""Who may ask."""

import pytest
from support.serving import client_of

JSON = {"input": "a man"}
TOKEN = "a-secret"


@pytest.fixture(scope="module")
def local(model):
    return client_of(model)


@pytest.fixture(scope="module")
def remote(model):
    return client_of(model, token=TOKEN, local=False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8000", "localhost:8000", "[::1]:80", "LOCALHOST"],
)
def test_this_machine_may_ask(local, host):
    headers = {"Host": host}
    assert local.post("/v1/embeddings", json=JSON, headers=headers).is_success


@pytest.mark.parametrize(
    "host",
    ["evil.com", "127.0.0.1.evil.com", "127.0.0.1@evil.com", "", "192.168.1.1",
     "0.0.0.0", "[::1", "localhost/evil.com", "localhost, evil.com"],
)  # fmt: skip
def test_foreign_hosts_are_refused(local, host):
    for path in ("/health", "/metrics", "/v1/models"):
        response = local.get(path, headers={"Host": host})
        assert response.status_code == 403
        assert "127.0.0.1" in response.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["http://evil.com", "null", ""])
def test_web_pages_are_refused(local, origin):
    headers = {"Origin": origin}
    response = local.post("/v1/embeddings", json=JSON, headers=headers)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
    assert local.options("/v1/embeddings", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "authorization",
    [None, "", TOKEN, "Bearer", "Bearer ", "Bearer a-secre", "Basic a-secret",
     "Bearer a-secret2", "Bearer \xe9", "Bearer a-secret a-secret"],
)  # fmt: skip
def test_without_the_token(remote, authorization):
    headers = {}
    if authorization is not None:
        headers = {"Authorization": authorization.encode("latin-1")}
    for path in ("/v1/embeddings", "/search", "/metrics", "/nothing"):
        response = remote.post(path, content=b"{", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        error = response.json()["error"]
        assert error["code"] == "invalid_api_key"
        assert TOKEN not in error["message"]


def test_with_the_token(remote):
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "server.org"}
    response = remote.post("/v1/embeddings", json=JSON, headers=headers)
    assert response.is_success
    assert remote.get("/health").json() == {"status": "ok"}


def test_a_token_on_this_machine(model):
    client = client_of(model, token=TOKEN)
    assert client.get("/v1/models").status_code == 401
    headers = {"Authorization": f"bearer {TOKEN}"}
    assert client.get("/v1/models", headers=headers).is_success
    headers["Host"] = "evil.com"
    assert client.get("/v1/models", headers=headers).status_code == 403
