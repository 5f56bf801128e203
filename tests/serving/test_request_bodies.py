"""Bodies that are not one clear JSON object, and sizes."""

import gzip

import pytest
from support.serving import client_of

from keras_mirror.serving.limits import Limits

PATH = "/v1/embeddings"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(model):
    return client_of(model, limits=Limits(max_body_bytes=200_000))


def refused(client, body, status=400, headers=JSON):
    response = client.post(PATH, content=body, headers=headers)
    assert response.status_code == status
    return response.json()["error"]["message"]


@pytest.mark.parametrize(
    "body, message",
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"input": "a"} {}', "Extra data"),
        (b'{"input": "a", "input": "b"}', "the key 'input' twice"),
        (b'{"input": "a", "user": {"x": 1, "x": 1}}', "the key 'x' twice"),
        (b'{"input": "a", "dimensions": NaN}', "the number NaN"),
        (b'{"input": "a", "dimensions": -Infinity}', "the number -Infinity"),
        (b'{"input": "a", "dimensions": 1e999}', "the number 1e999"),
        (b'{"dimensions": ' + b"1" * 5000 + b"}", "4300 digits"),
        (b'{"input": "\xff"}', "can't decode byte 0xff"),
        (b'\xef\xbb\xbf{"input": "a"}', "BOM"),
        ('{"input": "a"}'.encode("utf-16"), "can't decode byte 0xff"),
        (rb'{"input": "\ud83d"}', "surrogates not allowed"),
        (rb'{"\udc00": "a"}', "surrogates not allowed"),
        (b'{"input": "a\nb"}', "Invalid control character"),
        (b'{"input":' * 20_000, "nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'["input"]', "a JSON object, such as"),
        (b'"input"', "Received: a str"),
        (b"null", "Received: a NoneType"),
    ],
)
def test_what_is_no_clear_object(client, body, message):
    assert message in refused(client, body)


def test_surrogates_in_pairs_are_characters(client):
    body = rb'{"input": "\ud83d\ude00"}'
    assert client.post(PATH, content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_body_that_is_too_large(client, in_parts):
    body = b'{"input": "' + b"a" * 300_000 + b'"}'
    if in_parts:  # without a Content-Length
        body = iter([body[:150_000], body[150_000:]])
    assert "200,000 bytes" in refused(client, body, 413)


@pytest.mark.parametrize(
    "headers, message",
    [
        ({}, "Received: ''"),
        ({"Content-Type": "text/plain"}, "Received: 'text/plain'"),
        ({"Content-Type": "application/jsonp"}, "Content-Type: application"),
        ({**JSON, "Content-Encoding": "gzip"}, "must not be compressed"),
    ],
)
def test_what_is_said_to_be_no_json(client, headers, message):
    body = gzip.compress(b'{"input": "a"}')
    assert message in refused(client, body, 415, headers)


def test_types_with_parameters(client):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = client.post(PATH, content=b'{"input": "a"}', headers=headers)
    assert response.status_code == 200
