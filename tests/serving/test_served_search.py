"""`POST /search`."""

import datetime
from typing import NamedTuple

import pytest
from support.serving import client_of
from support.texts import SENTENCES

from keras_mirror.search import Index
from keras_mirror.serving.limits import Limits

PATH = "/search"


class Result(NamedTuple):
    text: str
    date: datetime.date


class OtherIndex:
    """An index that takes more than a number of results."""

    def query(self, text, k=10, prompt=None, where=None, mode="hybrid"):
        if where == "bad":
            raise ValueError("`where` must be a condition. Received: 'bad'")
        date = datetime.date(2026, 1, 2)
        return [[Result(f"{each} {k} {where} {mode}", date)] for each in text]


@pytest.fixture(scope="module")
def index(model):
    index = Index(model)
    index.add(SENTENCES)
    return index


@pytest.fixture(scope="module")
def client(model, index):
    return client_of(model, index, limits=Limits(max_results=20, max_texts=9))


@pytest.fixture(scope="module")
def other_client(model):
    return client_of(model, OtherIndex())


def test_finds_what_the_index_finds(client, index):
    queries = ["a man", SENTENCES[2], " "]
    response = client.post(PATH, json={"queries": queries, "k": 2})
    assert response.status_code == 200, response.text
    answers = response.json()["data"]
    assert [each["query"] for each in answers] == queries
    for answer, results in zip(answers, index.query(queries, 2), strict=True):
        assert len(answer["results"]) == len(results)
        for found, expected in zip(answer["results"], results, strict=True):
            similarity = found.pop("similarity")
            assert similarity == pytest.approx(expected.similarity, abs=2e-6)
            assert found == {"text": expected.text, "row": expected.row}


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


def test_options_are_those_of_the_index(other_client):
    content = {"query": "a", "k": 3, "where": "x = 1"}
    response = other_client.post(PATH, json=content)
    [answer] = response.json()["data"]
    [result] = answer["results"]
    assert result == {"text": "a 3 x = 1 hybrid", "date": "2026-01-02"}


def test_what_the_index_refuses_is_the_clients_mistake(other_client):
    response = other_client.post(PATH, json={"query": "a", "where": "bad"})
    assert response.status_code == 400
    assert response.json()["error"]["message"].endswith("Received: 'bad'")


def test_an_empty_index_is_one(model):
    client = client_of(model, Index(model))
    response = client.post(PATH, json={"query": "a"})
    assert response.json() == {"data": [{"query": "a", "results": []}]}


def test_without_an_index(model):
    response = client_of(model).post(PATH, json={"query": "a"})
    assert response.status_code == 404
    assert "--index" in response.json()["error"]["message"]
