"""`POST /search`."""

import pytest
from support.serving import client_of
from support.texts import SENTENCES

from keras_mirror.search import Index
from keras_mirror.serving.limits import Limits

PATH = "/search"


@pytest.fixture(scope="module")
def index(model):
    index = Index(model)
    metadata = [{"n": number} for number in range(len(SENTENCES))]
    index.add(SENTENCES, metadata=metadata)
    return index


@pytest.fixture(scope="module")
def client(model, index):
    return client_of(model, index, limits=Limits(max_results=20, max_texts=9))


def test_finds_what_the_index_finds(client, index):
    queries = ["a man", SENTENCES[2], " "]
    response = client.post(PATH, json={"queries": queries, "k": 2})
    assert response.status_code == 200, response.text
    answers = response.json()["data"]
    assert [each["query"] for each in answers] == queries
    for answer, results in zip(answers, index.query(queries, 2), strict=True):
        assert len(answer["results"]) == len(results)
        for found, expected in zip(answer["results"], results, strict=True):
            for name in ("similarity", "score"):
                cosine = found.pop(name)
                assert cosine == pytest.approx(expected.similarity, abs=2e-6)
            assert found == {
                "text": expected.text,
                "row": expected.row,
                "id": expected.id,
                "metadata": expected.metadata,
            }


def test_one_query_and_ten_results(client):
    [answer] = client.post(PATH, json={"query": "a man"}).json()["data"]
    assert answer["query"] == "a man"
    assert len(answer["results"]) == 10


@pytest.mark.parametrize(
    "content, message",
    [
        ({}, "Either `query` or `queries`"),
        ({"query": "a", "queries": ["a"]}, "Either `query` or `queries`"),
        ({"query": 1}, "`query` must be a string"),
        ({"queries": ["a"] * 10}, "9 texts at most"),
        ({"query": "a", "k": 0}, "a positive integer. Received: 0"),
        ({"query": "a", "k": True}, "a positive integer. Received: True"),
        ({"query": "a", "k": 1.0}, "a positive integer. Received: 1.0"),
        ({"query": "a", "k": 21}, "20 at most. Received: 1 x 21"),
        ({"queries": ["a"] * 3}, "20 at most. Received: 3 x 10"),
        ({"query": "a", "prompt": "query"}, "Received: prompt='query'"),
        ({"query": "a", "wher": "x"}, "Received: 'wher'"),
    ],
)
def test_what_is_wrong_is_told(client, content, message):
    response = client.post(PATH, json=content)
    assert response.status_code == 400
    assert message in response.json()["error"]["message"]


def test_conditions_and_modes(client):
    content = {"query": "a man", "where": "n > 6", "mode": "hybrid"}
    [answer] = client.post(PATH, json=content).json()["data"]
    found = [each["metadata"]["n"] for each in answer["results"]]
    assert sorted(found) == [7, 8, 9]
    content = {"query": "dogs", "mode": "keyword"}
    [answer] = client.post(PATH, json=content).json()["data"]
    [result] = answer["results"]
    assert (result["id"], result["similarity"]) == ("2", None)


def test_what_the_index_refuses_is_the_clients_mistake(client):
    for options in ({"where": "m = 1"}, {"where": "n"}, {"mode": "all"}):
        response = client.post(PATH, json={"query": "a", **options})
        assert response.status_code == 400
        assert "must" in response.json()["error"]["message"]


def test_an_empty_index_is_one(model):
    client = client_of(model, Index(model))
    response = client.post(PATH, json={"query": "a"})
    assert response.json() == {"data": [{"query": "a", "results": []}]}


def test_without_an_index(model):
    response = client_of(model).post(PATH, json={"query": "a"})
    assert response.status_code == 404
    assert "--index" in response.json()["error"]["message"]
