"""`POST /v1/embeddings`."""

import base64

import numpy as np
import pytest
from support import models
from support.serving import client_of
from support.serving import post_all
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror import MirrorModel
from keras_mirror import MirrorPreprocessor
from keras_mirror.serving.app import create_app
from keras_mirror.serving.limits import Limits
from keras_mirror.unit_rows import unit_rows

PATH = "/v1/embeddings"
LONG = "a man " * 40  # above the 24 tokens of the model


@pytest.fixture(scope="module")
def client(model):
    limits = Limits(max_texts=50, max_characters=300)
    return client_of(model, name="encoder", limits=limits)


def vectors(response):
    assert response.status_code == 200, response.text
    return np.array([each["embedding"] for each in response.json()["data"]])


def num_tokens(model, strings):
    lengths = [len(ids) + 2 for ids in model.preprocessor.tokenize(strings)]
    return sum(min(length, 24) for length in lengths)


def test_the_answer_is_openais(client, model):
    strings = ["a man plays", "", LONG, "a man plays"]
    response = client.post(PATH, json={"input": strings, "model": "any"})
    content = response.json()
    assert response.headers["content-type"] == "application/json"
    assert list(content) == ["object", "data", "model", "usage"]
    assert (content["object"], content["model"]) == ("list", "encoder")
    expected = num_tokens(model, strings)
    assert content["usage"] == {
        "prompt_tokens": expected,
        "total_tokens": expected,
    }
    for index, each in enumerate(content["data"]):
        assert list(each) == ["object", "index", "embedding"]
        assert (each["object"], each["index"]) == ("embedding", index)
    expected = unit_rows(model.encode_text(strings))
    np.testing.assert_allclose(vectors(response), expected, atol=2e-6)


def test_a_single_text(client, model):
    response = client.post(PATH, json={"input": SENTENCES[2]})
    expected = unit_rows(model.encode_text(SENTENCES[2]))
    np.testing.assert_allclose(vectors(response), expected, atol=2e-6)


def test_base64_holds_the_same_numbers(client):
    content = {"input": SENTENCES, "user": "me", "dimensions": 8}
    floats = client.post(PATH, json={**content, "encoding_format": "float"})
    content["encoding_format"] = "base64"
    found = [
        np.frombuffer(base64.b64decode(each["embedding"]), "<f4")
        for each in client.post(PATH, json=content).json()["data"]
    ]
    np.testing.assert_array_equal(np.array(found), vectors(floats))


def test_fields_may_be_null(client):
    names = ("model", "user", "encoding_format", "dimensions", "prompt")
    content = {"input": "a man", **dict.fromkeys(names)}
    assert vectors(client.post(PATH, json=content)).shape == (1, 8)


@pytest.mark.parametrize(
    "content, param, message",
    [
        ({}, "input", "a string or a list of strings. Received: None"),
        ({"input": None}, "input", "Received: None"),
        ({"input": []}, "input", "Received: []"),
        ({"input": {}}, "input", "Received: {}"),
        ({"input": 1.5}, "input", "Received: 1.5"),
        ({"input": ["a", None]}, "input", "Received: None"),
        ({"input": [1, 2]}, "input", "token ids"),
        ({"input": [[1, 2], [3]]}, "input", "check_embedding_ctx_length=False"),
        ({"input": ["a"] * 51}, "input", "50 texts at most. Received: 51"),
        ({"input": "a" * 301}, "input", "300 characters at most"),
        ({"dimensions": 4}, "dimensions", "have 8 dimensions"),
        ({"dimensions": 8.0}, "dimensions", "have 8 dimensions"),
        ({"dimensions": "8"}, "dimensions", "have 8 dimensions"),
        ({"encoding_format": "int8"}, "encoding_format", "Received: 'int8'"),
        ({"encoding_format": 1}, "encoding_format", "a string. Received: 1"),
        ({"model": 1}, "model", "a string. Received: 1"),
        ({"user": []}, "user", "a string. Received: []"),
        ({"prompt": "query"}, "prompt", "Received: prompt='query'"),
        ({"dimension": 8}, "dimension", "The fields are dimensions, "),
    ],
)
def test_what_is_wrong_is_told(client, content, param, message):
    if param != "input":
        content = {"input": "a man", **content}
    response = client.post(PATH, json=content)
    assert response.status_code == 400
    error = response.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert message in error["message"]


def test_prompts_are_those_of_the_model():
    plain = models.make_model()
    preprocessor = MirrorPreprocessor(
        plain.preprocessor.tokenizer, 24, prompts={"query": "a dog "}
    )
    model = MirrorModel(plain.encoder, preprocessor, plain.recipe)
    client = client_of(model)
    content = {"input": "runs", "prompt": "query"}
    response = client.post(PATH, json=content)
    expected = unit_rows(plain.encode_text("a dog runs"))
    np.testing.assert_allclose(vectors(response), expected, atol=2e-6)
    assert response.json()["usage"]["prompt_tokens"] == num_tokens(
        plain, ["a dog runs"]
    )


def test_each_of_many_clients_gets_its_own(model):
    limits = Limits(batch_texts=7)
    corpora = [texts(1 + seed % 9, seed=seed) for seed in range(40)]
    responses = post_all(
        create_app(model, limits=limits),
        [(PATH, {"input": corpus}) for corpus in corpora],
    )
    for response, corpus in zip(responses, corpora, strict=True):
        expected = unit_rows(model.encode_text(corpus))
        np.testing.assert_allclose(vectors(response), expected, atol=2e-6)
        usage = response.json()["usage"]
        assert usage["total_tokens"] == num_tokens(model, corpus)
