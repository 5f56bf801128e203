"""The paths that are there, and what is counted."""

import pytest
from support.serving import client_of

from keras_mirror.serving.limits import Limits


@pytest.fixture
def client(model):
    return client_of(model, name="encoder", limits=Limits(batch_texts=2))


def test_models(client):
    content = client.get("/v1/models").json()
    [model] = content["data"]
    assert content["object"] == "list"
    assert isinstance(model.pop("created"), int)
    assert model == {
        "id": "encoder",
        "object": "model",
        "owned_by": "keras-mirror",
    }


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/", 404),
        ("GET", "/v1/embeddings", 405),
        ("DELETE", "/health", 405),
        ("POST", "/v1/embeddings/", 404),
        ("POST", "/v1/%0d%0aembeddings", 404),
        ("OPTIONS", "/search", 405),
    ],
)
def test_other_paths_and_methods(client, method, path, status):
    response = client.request(method, path, follow_redirects=False)
    assert response.status_code == status
    error = response.json()["error"]
    assert method in error["message"]
    assert error["type"] == "invalid_request_error"
    if status == 405:
        assert response.headers["allow"]


def test_a_failure_of_ours(client, model, monkeypatch):
    def fail(*_):
        raise MemoryError("secret")

    monkeypatch.setattr(model.preprocessor, "tokenize", fail)
    response = client.post("/v1/embeddings", json={"input": "a"})
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["type"] == "server_error"
    assert "secret" not in error["message"]


def test_metrics(client):
    client.post("/v1/embeddings", json={"input": ["a", "b", "a man " * 40]})
    client.post("/v1/embeddings", json={"input": []})
    for path in ("/x", "/y"):
        client.get(path)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = response.text.splitlines()
    for line in (
        'keras_mirror_requests_total{path="/v1/embeddings",status="200"} 1.0',
        'keras_mirror_requests_total{path="/v1/embeddings",status="400"} 1.0',
        'keras_mirror_requests_total{path="other",status="404"} 2.0',
        'keras_mirror_request_seconds_count{path="/v1/embeddings"} 2.0',
        "keras_mirror_tokens_total 30.0",
        "keras_mirror_texts_cut_total 1.0",
        'keras_mirror_batch_texts_bucket{le="1.0"} 1.0',
        "keras_mirror_batch_texts_count 2.0",
        "keras_mirror_batch_texts_sum 3.0",
        "keras_mirror_queued_texts 0.0",
    ):
        assert line in lines
