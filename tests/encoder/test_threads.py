"""One model, asked by many threads at once."""

import asyncio
import copy

import keras
import numpy as np
import pytest
from support import models
from support.texts import texts
from support.threads import in_threads

from keras_mirror.encoder.encode import encode_in_chunks
from keras_mirror.encoder.encode import unit_chunks
from keras_mirror.integrations.embeddings import MirrorEmbeddings
from keras_mirror.unit_rows import unit_rows

BATCH_SIZES = [None, 1, 7, 64, None, 3, 128, 16]


def encode_one_by_one(model, strings, batch_size):
    parts = [model.encode_text(text) for text in strings[:10]]
    return np.concatenate([*parts, model.encode_text(strings[10:], batch_size)])


def encode_all(model, strings, batch_size):
    return model.encode_text(strings, batch_size)


def encode_chunks(model, strings, batch_size):
    chunks = encode_in_chunks(model, strings, batch_size)
    return np.concatenate([embeddings for embeddings, _ in chunks])


def encode_units(model, strings, batch_size):
    return np.concatenate(list(unit_chunks(model, strings, batch_size)))


CALLS = [encode_one_by_one, encode_all, encode_chunks, encode_units] * 2


def difference_from_one_thread(model, corpora):
    """The largest one of eight threads' vectors, the first of a new model."""
    found = in_threads(
        lambda job: job[0](model, *job[1:]),
        zip(CALLS, corpora, BATCH_SIZES, strict=True),
    )
    differences = []
    for call, embeddings, strings in zip(CALLS, found, corpora, strict=True):
        expected = model.encode_text(strings)
        if call is encode_units:
            expected = unit_rows(expected)
        differences.append(np.abs(embeddings - expected).max())
    return max(differences)


@pytest.mark.parametrize("family", models.FEW_FAMILIES)
def test_eight_threads(family):
    model = models.make_model(family, sequence_length=12)
    corpora = [texts(50, seed=seed) for seed in range(8)]
    assert difference_from_one_thread(model, corpora) < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("pooling_mode", ["cls", "mean"])
def test_eight_threads_of_a_thousand_texts(pooling_mode):
    model = models.make_model(pooling_mode=pooling_mode)
    corpora = [texts(1000, seed=seed) for seed in range(8)]
    difference = difference_from_one_thread(model, corpora)
    print(f"{keras.backend.backend()}: {difference:.2e}")
    assert difference < 2e-6


def test_models_that_share_their_weights():
    model = models.make_model(pooling_mode="mean", sequence_length=8)
    several = [model, model.centered(texts(20))] * 2
    strings = texts(50)
    found = in_threads(
        lambda each: encode_one_by_one(each, strings, None), several
    )
    for each, embeddings in zip(several, found, strict=True):
        expected = each.encode_text(strings)
        np.testing.assert_allclose(embeddings, expected, rtol=0, atol=2e-6)


def test_beside_training_and_loading_of_others(archive):
    model = keras.saving.load_model(archive)
    strings = texts(20)
    expected = model.encode_text(strings)
    other = models.make_model(sequence_length=8)
    other.compile()

    def encode():
        return [model.encode_text(strings) for _ in range(10)]

    def load():
        return [keras.saving.load_model(archive).encode_text(strings)]

    def duplicate():
        return [copy.deepcopy(model).encode_text(strings)]

    def train():
        other.fit(strings, batch_size=10, epochs=2, verbose=0)
        return [model.encode_text(strings)]

    work = [encode, load, duplicate, train]
    for embeddings in sum(in_threads(lambda each: each(), work), []):
        np.testing.assert_allclose(embeddings, expected, rtol=0, atol=2e-6)


def test_evaluate_and_predict_of_keras():
    model = models.compiled_model(dropout=0.0, span_length=0)
    strings = texts(40)
    features = model.preprocessor(strings)

    def evaluate():
        return model.evaluate(strings, batch_size=10, verbose=0)

    def predict():
        return model.predict(features, batch_size=10, verbose=0)

    expected = {work: work() for work in (evaluate, predict)}
    jobs = [evaluate, evaluate, predict, predict] * 2
    found = in_threads(lambda work: work(), jobs)
    for work, values in zip(jobs, found, strict=True):
        np.testing.assert_allclose(values, expected[work], rtol=2e-6, atol=2e-6)


def test_a_server_of_asyncio():
    model = models.make_model(sequence_length=8)
    embeddings = MirrorEmbeddings(model)
    corpora = [texts(20, seed=seed) for seed in range(8)]

    async def answer(strings):
        rows, documents, query = await asyncio.gather(
            asyncio.to_thread(model.encode_text, strings),
            embeddings.aembed_documents(strings),
            embeddings.aembed_query(strings[0]),
        )
        return rows, documents, [query]

    async def serve():
        return await asyncio.gather(*map(answer, corpora))

    for strings, found in zip(corpora, asyncio.run(serve()), strict=True):
        rows = model.encode_text(strings)
        wanted = rows, unit_rows(rows), unit_rows(rows[:1])
        for each, expected in zip(found, wanted, strict=True):
            np.testing.assert_allclose(each, expected, rtol=0, atol=2e-6)
