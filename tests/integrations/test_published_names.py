"""Import paths that are published lead to the same objects as the new ones."""

import importlib

import pytest

import keras_mirror


@pytest.mark.parametrize(
    "name", ["ArchiveEncoder", "ShardPlan", "encode_files"]
)
def test_engines(name):
    assert getattr(keras_mirror.engines, name) is getattr(
        keras_mirror.bulk, name
    )


@pytest.mark.parametrize(
    "module, name, needs",
    [
        ("embeddings", "MirrorEmbeddings", "keras"),
        ("mteb", "MTEBEncoder", "mteb"),
        ("scikit_learn", "MirrorTransformer", "sklearn"),
    ],
)
def test_interop(module, name, needs):
    pytest.importorskip(needs)
    published = importlib.import_module(f"keras_mirror.interop.{module}")
    ours = importlib.import_module(f"keras_mirror.integrations.{module}")
    assert getattr(published, name) is getattr(ours, name)
    assert getattr(keras_mirror.interop, module) is published
