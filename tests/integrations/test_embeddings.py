import asyncio
import re

import numpy as np
import pytest
from support.models import make_model
from support.texts import SENTENCES

from keras_mirror.integrations.embeddings import MirrorEmbeddings
from keras_mirror.preprocessing.prompts import Prompts
from keras_mirror.unit_rows import unit_rows


@pytest.fixture
def embeddings(model):
    return MirrorEmbeddings(model)


def test_vectors_are_those_of_the_model(model, embeddings):
    vectors = embeddings.embed_documents(SENTENCES)
    assert type(vectors) is list and type(vectors[0]) is list
    assert {type(number) for vector in vectors for number in vector} == {float}
    expected = unit_rows(model.encode_text(SENTENCES))
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    raw = MirrorEmbeddings(model, normalize=False).embed_documents(SENTENCES)
    expected = model.encode_text(SENTENCES)
    np.testing.assert_allclose(raw, expected, atol=1e-6)


def test_a_query_is_a_document(embeddings):
    documents = embeddings.embed_documents(SENTENCES)
    for text, document in zip(SENTENCES, documents, strict=True):
        query = embeddings.embed_query(text)
        assert {type(number) for number in query} == {float}
        np.testing.assert_allclose(query, document, atol=1e-6)


def test_other_names_for_the_same(embeddings):
    text, documents = SENTENCES[0], embeddings.embed_documents(SENTENCES)
    query = embeddings.embed_query(text)
    assert embeddings.get_text_embedding(text) == query
    assert embeddings.get_query_embedding(text) == query
    batch = embeddings.get_text_embedding_batch(SENTENCES, show_progress=True)
    assert batch == documents
    assert asyncio.run(embeddings.aembed_query(text)) == query
    assert asyncio.run(embeddings.aembed_documents(SENTENCES)) == documents


def test_no_texts_and_empty_texts(embeddings):
    assert embeddings.embed_documents([]) == []
    assert len(embeddings.embed_query("")) == 8


def test_an_archive_is_loaded(model, embeddings, tmp_path):
    model.save(tmp_path / "encoder.keras")
    for path in (tmp_path / "encoder.keras", str(tmp_path / "encoder.keras")):
        loaded = MirrorEmbeddings(path)
        np.testing.assert_allclose(
            loaded.embed_query("a man"),
            embeddings.embed_query("a man"),
            atol=1e-6,
        )


def test_batch_size_reaches_the_model(model, monkeypatch):
    sizes = []

    def encode_text(texts, batch_size, prompt):
        sizes.append(batch_size)
        return np.ones((len(texts), 8), "float32")

    monkeypatch.setattr(model, "encode_text", encode_text)
    MirrorEmbeddings(model, batch_size=7).embed_query("a man")
    assert sizes == [7]


def test_one_string_is_no_list(embeddings):
    message = (
        "`texts` must be a list of strings; `embed_query` takes one. "
        "Received: texts='a man'"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        embeddings.embed_documents("a man")


def test_another_model_is_refused(model):
    message = (
        "`model` must be a `MirrorModel`, its archive or a preset. "
        "Received: model=3 of type int"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        MirrorEmbeddings(3)


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "encoder.keras"
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="is not a readable archive"):
        MirrorEmbeddings(path)


def test_either_side_has_its_prompt():
    model = make_model()
    prompts = Prompts({"query": "a man ", "passage": "a woman "})
    model.preprocessor.prompts = prompts
    embeddings = MirrorEmbeddings(model)
    for found, prompt in (
        (embeddings.embed_query("two dogs"), "query"),
        (embeddings.get_query_embedding("two dogs"), "query"),
        (embeddings.embed_documents(["two dogs"])[0], "passage"),
        (embeddings.get_text_embedding("two dogs"), "passage"),
    ):
        expected = unit_rows(model.encode_text("two dogs", prompt=prompt))[0]
        np.testing.assert_allclose(found, expected, atol=1e-6)
