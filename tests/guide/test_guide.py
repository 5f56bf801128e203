import json
import re

import keras
import numpy as np
import pytest
from support import models
from support.texts import texts

import keras_mirror
from keras_mirror.data import collect_strings
from keras_mirror.guide import Guide
from keras_mirror.guide.embed_corpus import embed_corpus
from keras_mirror.guide.mutual_neighbors import draw_neighbors
from keras_mirror.guide.mutual_neighbors import mutual_neighbors
from keras_mirror.recipes import get_recipe


@pytest.fixture
def preprocessor():
    return models.make_model().preprocessor


def unit(rows):
    rows = np.asarray(rows, "float32")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def random_embeddings(number, dim=6):
    return unit(np.random.default_rng(0).normal(size=(number, dim)))


def guide_of(number=24, **fields):
    corpus = collect_strings(texts(number))
    embeddings = random_embeddings(number).astype("float16")
    return corpus, Guide(corpus, [embeddings], get_recipe("sentence", **fields))


def batches(dataset):
    if isinstance(dataset, keras.utils.PyDataset):
        return [dataset[index] for index in range(len(dataset))]
    return list(dataset.as_numpy_iterator())


# === What the batch carries ===


def test_a_batch_carries_what_the_guide_holds_of_its_strings(
    preprocessor, kind
):
    corpus, guide = guide_of(guide_ceiling=0.4)
    dataset = keras_mirror.mirror_dataset(
        corpus, preprocessor, 8, shuffle=False, guide=guide
    )
    for number, views in enumerate(batches(dataset)):
        rows = slice(8 * number, 8 * number + 8)
        for view in views:
            np.testing.assert_array_equal(
                view["guide"], guide.embeddings[0][rows]
            )
            assert (view["guide_ceiling"] == np.float32(0.4)).all()
            assert view["guide"].dtype == "float16"


def test_partners_of_pairs_have_their_own_embeddings(preprocessor, kind):
    pairs = list(zip(texts(8), texts(8, seed=1), strict=True))
    corpus = collect_strings(pairs)
    sides = [random_embeddings(16)[:8], random_embeddings(16)[8:]]
    sides = [side.astype("float16") for side in sides]
    recipe = get_recipe("sentence", guide_ceiling=0.4)
    dataset = keras_mirror.mirror_dataset(
        corpus,
        preprocessor,
        8,
        shuffle=False,
        guide=Guide(corpus, sides, recipe),
    )
    for view, side in zip(batches(dataset)[0], sides, strict=True):
        np.testing.assert_array_equal(view["guide"], side)


def test_second_views_may_be_of_neighbors(preprocessor, kind):
    corpus = collect_strings(texts(20))
    embeddings = np.repeat(np.eye(10), 2, axis=0).astype("float16")
    recipe = get_recipe(
        "sentence", guide_ceiling=0.4, neighbor_rate=1.0, neighbor_floor=0.9
    )
    dataset = keras_mirror.mirror_dataset(
        corpus,
        preprocessor,
        20,
        shuffle=False,
        guide=Guide(corpus, [embeddings], recipe),
    )
    [(view_1, view_2)] = batches(dataset)
    # Neighbors stand beside each other: 1, 0, 3, 2, ...
    swapped = np.arange(20).reshape(10, 2)[:, ::-1].ravel()
    np.testing.assert_array_equal(
        view_2["string_ids"], np.asarray(view_1["string_ids"])[swapped]
    )
    np.testing.assert_array_equal(view_2["guide"], embeddings[swapped])


def test_the_rate_of_neighbors_is_that_of_the_recipe():
    corpus = collect_strings(texts(2000))
    embeddings = np.repeat(np.eye(1000), 2, axis=0).astype("float16")
    recipe = get_recipe("sentence", guide_ceiling=0.4, neighbor_rate=0.3)
    guide = Guide(corpus, [embeddings], recipe)
    rows = np.arange(2000)
    partners = guide.partners(rows, np.random.default_rng(0))
    assert np.mean(partners != rows) == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("by_length", [True, False])
def test_a_neighbor_is_not_longer_than_the_batch(kind, by_length):
    preprocessor = models.make_model(sequence_length=64).preprocessor
    strings = ["a man " * (row // 8 * 3) + f"{row}" for row in range(40)]
    corpus = collect_strings(strings)
    embeddings = np.eye(4)[np.arange(40) % 4].astype("float16")
    recipe = get_recipe("sentence", guide_ceiling=0.4, neighbor_rate=1.0)
    guide = Guide(corpus, [embeddings], recipe)
    dataset = keras_mirror.mirror_dataset(
        corpus,
        preprocessor,
        8,
        shuffle=by_length,
        group_by_length=by_length,
        guide=guide,
    )
    lengths = [
        [np.asarray(view["padding_mask"]).sum(axis=1).max() for view in views]
        for views in batches(dataset)
    ]
    if by_length:  # a masked span may split a word
        assert all(after <= before + 4 for before, after in lengths)
    else:
        assert any(after > before for before, after in lengths)


# === Ceilings ===


def test_a_share_is_a_ceiling_for_each_string():
    corpus, guide = guide_of(200, guide_share=0.1)
    cosines = guide.embeddings[0].astype("float32")
    cosines = cosines @ cosines.T
    ceilings = guide.features(0, np.arange(200))["guide_ceiling"]
    left_out = (cosines > ceilings[:, np.newaxis]).mean(axis=1)
    # Of 199 others, and the string itself.
    np.testing.assert_allclose(left_out, 0.1, atol=0.011)
    assert np.ptp(ceilings) > 0.05
    assert guide.share_left_out() == pytest.approx(0.1, abs=0.011)


def test_with_a_share_and_a_ceiling_either_is_enough():
    _, share = guide_of(100, guide_share=0.1)
    _, both = guide_of(100, guide_share=0.1, guide_ceiling=0.6)
    rows = np.arange(100)
    np.testing.assert_array_equal(
        both.features(0, rows)["guide_ceiling"],
        np.minimum(share.features(0, rows)["guide_ceiling"], np.float32(0.6)),
    )


# === Neighbors ===


def test_neighbors_are_near_and_mutual():
    embeddings = random_embeddings(60, dim=3)
    found = mutual_neighbors(embeddings, floor=0.9, k=4)
    cosines = embeddings @ embeddings.T
    np.fill_diagonal(cosines, -1)
    nearest = [set(row) for row in np.argsort(-cosines, axis=1)[:, :4].tolist()]
    for row, others in enumerate(found.tolist()):
        expected = {
            other
            for other in nearest[row]
            if row in nearest[other] and cosines[row, other] >= 0.9
        }
        assert {other for other in others if other >= 0} == expected
    assert (found >= 0).any() and (found[:, 0] < 0).any()


def test_neighbors_are_drawn_alike():
    neighbors = np.tile([[5, 7, 9, -1]], (3000, 1))
    drawn = draw_neighbors(neighbors, np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=10)
    assert counts.sum() == counts[[5, 7, 9]].sum() == 3000
    np.testing.assert_allclose(counts[[5, 7, 9]], 1000, atol=120)


# === Training ===


def first_loss(corpus, guide=None, **fields):
    keras.utils.set_random_seed(0)
    model = models.make_model(dropout=0.0, batch_size=12, **fields)
    model.compile()
    dataset = keras_mirror.mirror_dataset(
        corpus, model.preprocessor, seed=0, guide=guide
    )
    return model.evaluate(dataset, verbose=0)


def test_a_guide_that_excludes_nothing_changes_no_loss():
    corpus, guide = guide_of(24, guide_ceiling=1.0)
    plain = first_loss(corpus)
    guided = first_loss(corpus, guide, guide_ceiling=1.0)
    assert guided == pytest.approx(plain, abs=1e-6)


def test_a_guide_lowers_the_loss_by_what_it_leaves_out():
    corpus, guide = guide_of(24, guide_ceiling=0.2)
    plain = first_loss(corpus)
    assert first_loss(corpus, guide, guide_ceiling=0.2) < plain - 0.1


def test_mini_batches_keep_their_guide():
    corpus, guide = guide_of(24, guide_ceiling=0.2)
    losses = []
    for size in (None, 5):
        keras.utils.set_random_seed(0)
        model = models.make_model(
            dropout=0.0, batch_size=12, guide_ceiling=0.2, mini_batch_size=size
        )
        model.compile()
        dataset = keras_mirror.mirror_dataset(
            corpus, model.preprocessor, seed=0, guide=guide
        )
        losses += model.fit(dataset, verbose=0, epochs=2).history["loss"]
    np.testing.assert_allclose(losses[:2], losses[2:], atol=1e-4)


def test_plain_strings_are_guided_by_the_model_itself():
    strings = texts(12)
    keras.utils.set_random_seed(0)
    model = models.make_model(dropout=0.0, batch_size=12, guide_ceiling=-0.99)
    model.compile()
    # All are above the ceiling: without negatives there is no loss.
    assert model.evaluate(strings, verbose=0) == pytest.approx(0, abs=1e-6)


def test_views_without_a_guide_are_refused():
    model = models.make_model(batch_size=12, guide_ceiling=0.5)
    model.compile()
    dataset = keras_mirror.mirror_dataset(texts(12), model.preprocessor)
    with pytest.raises(ValueError, match="needs a guide.*views have none"):
        model.evaluate(dataset, verbose=0)


# === Embedding a corpus ===


def test_embeddings_are_the_models(model):
    corpus = collect_strings([*texts(9), *texts(5)], drop_duplicates=False)
    [embeddings] = embed_corpus(model, corpus)
    expected = unit(model.encode_text(corpus.strings))
    np.testing.assert_allclose(embeddings, expected, atol=1e-3)
    assert embeddings.dtype == "float16"


def test_a_folder_goes_on_where_it_was_stopped(model, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_mirror.encoder.encode.CHUNK_SIZE", 10)
    corpus = collect_strings(texts(35))
    done = []

    def stop(count):
        done.append(count)
        if len(done) == 3:  # before its chunk is written
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_corpus(model, corpus, tmp_path, stop)
    kept = json.loads((tmp_path / "guide.json").read_text())
    assert kept["num_done"] == 20
    counts = []
    [embeddings] = embed_corpus(model, corpus, tmp_path, counts.append)
    assert counts == [20, 10, 5]
    assert isinstance(embeddings, np.memmap)
    [expected] = embed_corpus(model, corpus)
    np.testing.assert_array_equal(embeddings, expected)


def test_a_folder_of_other_texts_is_refused(model, tmp_path):
    embed_corpus(model, collect_strings(texts(5)), tmp_path)
    message = f"'{tmp_path}' keeps the embeddings of another encoder or of"
    with pytest.raises(ValueError, match=re.escape(message)):
        embed_corpus(model, collect_strings(texts(6)), tmp_path)


def test_a_folder_of_another_encoder_is_refused(model, tmp_path):
    corpus = collect_strings(texts(5))
    embed_corpus(model, corpus, tmp_path)
    other = models.make_model(pooling_mode="max")
    with pytest.raises(ValueError, match="another encoder"):
        embed_corpus(other, corpus, tmp_path)


def test_embeddings_that_are_not_finite_are_refused():
    model = models.make_model()
    weights = model.encoder.get_weights()
    model.encoder.set_weights([weights[0] * np.nan, *weights[1:]])
    with pytest.raises(ValueError, match="finite numbers. Received: NaN"):
        embed_corpus(model, collect_strings(texts(3)))


# === Refused ===


def test_a_guide_of_another_corpus_is_refused(preprocessor):
    corpus, guide = guide_of(24, guide_ceiling=0.4)
    others = collect_strings(corpus.strings[::-1])
    with pytest.raises(ValueError, match="the corpus that is trained on"):
        keras_mirror.mirror_dataset(others, preprocessor, 8, guide=guide)


def test_a_recipe_without_a_ceiling_is_refused():
    with pytest.raises(ValueError, match="needs a recipe with `guide_ceiling`"):
        guide_of(24)


def test_embeddings_of_another_number_are_refused():
    corpus = collect_strings(texts(24))
    recipe = get_recipe("sentence", guide_ceiling=0.4)
    with pytest.raises(ValueError, match=re.escape("of [24] rows")):
        Guide(corpus, [random_embeddings(23)], recipe)
