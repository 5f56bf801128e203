"""`ArchiveEncoder` on engines that are too large for the usual tests."""

import sys

import keras
import numpy as np
import pytest
from support.models import make_model
from support.texts import texts

from keras_mirror.bulk import ArchiveEncoder

TEXTS = texts(20)
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture
def model():
    return make_model(sequence_length=12)


@pytest.fixture
def archive(model, tmp_path):
    model.save(tmp_path / "encoder.keras")
    return str(tmp_path / "encoder.keras")


def test_spark(model, archive, monkeypatch):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    monkeypatch.setenv("KERAS_BACKEND", keras.backend.backend())
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    session = sql.SparkSession.builder.master("local[2]").getOrCreate()
    table = session.createDataFrame([(x,) for x in TEXTS], ["text"])
    encoder = ArchiveEncoder(archive)
    rows = table.repartition(2).mapInPandas(
        lambda frames: map(encoder, frames), "text string, vector array<float>"
    )
    found = {row.text: row.vector for row in rows.collect()}
    session.stop()
    assert len(found) == len(TEXTS)
    vectors = np.array([found[text] for text in TEXTS])
    np.testing.assert_allclose(vectors, model.encode_text(TEXTS), atol=1e-6)


def test_beam(model, archive, tmp_path):
    beam = pytest.importorskip("apache_beam", reason="Beam is not installed")
    encoder = ArchiveEncoder(archive)

    def pairs(batch):
        return zip(batch, encoder({"text": batch})["vector"], strict=True)

    def line(pair):
        return f"{pair[0]}\t{' '.join(map(str, pair[1]))}"

    with beam.Pipeline() as pipeline:
        (
            pipeline
            | beam.Create(TEXTS)
            | beam.BatchElements(min_batch_size=4, max_batch_size=8)
            | beam.FlatMap(pairs)
            | beam.Map(line)
            | beam.io.WriteToText(str(tmp_path / "vectors"))
        )
    found = {}
    for path in tmp_path.glob("vectors*"):
        for row in path.read_text().splitlines():
            text, vector = row.split("\t")
            found[text] = np.array(vector.split(), dtype="float32")
    vectors = np.array([found[text] for text in TEXTS])
    np.testing.assert_allclose(vectors, model.encode_text(TEXTS), atol=1e-6)
