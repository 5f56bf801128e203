"""A graph of OpenVINO gives the embeddings of the Keras model."""

import keras
import numpy as np
import pytest
from support import models
from support import texts as corpora

import keras_mirror
from keras_mirror.checkpoints.tokenizers.probe_texts import probe_texts
from keras_mirror.encoder.fingerprint import fingerprint
from keras_mirror.encoder.replaced_end import with_encoder
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.forward.forward_encoder import ForwardEncoder
from keras_mirror.forward.layers import UnsupportedLayerError

TEXTS = [*corpora.texts(60), "", "[MASK] and [SEP]", "ß é 中文", "a " * 90]
FAMILIES = [name for name in models.FAMILIES if name != "DebertaV3"]


def check_same(model, texts=TEXTS):
    encoder = ForwardEncoder.of(model)
    expected = model.encode_text(texts)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        encoder.encode_text(texts) / scale, expected / scale, atol=5e-6
    )
    return encoder


@pytest.mark.parametrize("family", FAMILIES)
def test_families(family):
    model = models.moved(models.make_model(family))
    encoder = check_same(model)
    assert encoder.fingerprint == fingerprint(model)
    assert encoder.output_shape == (None, 8)
    own, expected = encoder.preprocessor, model.preprocessor
    for name in ("sequence_length", "max_text_tokens", "num_special_tokens"):
        assert getattr(own, name) == getattr(expected, name)


@pytest.mark.parametrize("family", FAMILIES)
def test_ids_are_those_of_the_model(family):
    model = models.make_model(family)
    vocabulary = list(model.preprocessor.tokenizer.get_vocabulary())
    texts = [*TEXTS, *probe_texts(vocabulary, ["[MASK]", "<s>"], {})]
    ids = ForwardEncoder.of(model).preprocessor.tokenize(texts)
    assert ids == model.preprocessor.tokenize(texts)


@pytest.mark.parametrize("mode", ["cls", "mean", "max", "padded_mean"])
def test_pooling(mode):
    model = models.moved(models.make_model(pooling_mode=mode))
    check_same(model)
    check_same(model, ["a man"])  # by itself, of no other's width


def test_weighted_tokens_of_first_and_last_layer():
    model = models.make_model(recipe="sentence")
    counts = model.encoder.token_weights.counts
    counts.assign(np.arange(counts.shape[0], dtype="float32"))
    check_same(models.moved(model))


def test_what_follows_the_pooling():
    model = models.make_model(pooling_mode="mean")
    model = model.centered(TEXTS).whitened(TEXTS).reduced(TEXTS, 5)
    assert check_same(model).output_shape == (None, 5)
    trained = with_end(model.encoder, projection_dim=3)
    check_same(with_encoder(model, trained))


@pytest.mark.parametrize("activation", ["gelu", "gelu_approximate", "relu"])
def test_activation_and_epsilon(activation):
    model = models.make_model()
    backbone = models.make_backbone(
        vocabulary_size=model.encoder.backbone.vocabulary_size
    )
    encoder = keras_mirror.SentenceEncoder(
        backbone, activation=activation, layer_norm_epsilon=0.1
    )
    check_same(models.moved(with_encoder(model, encoder), amount=1.0))


def test_quantized_weights():
    model = models.moved(models.make_model())
    model.quantize("int8")
    check_same(model)


def test_adapters():
    model = models.make_model()
    model.encoder.backbone.enable_lora(2)
    before = model.encode_text(TEXTS)
    for weight in model.encoder.trainable_weights:
        weight.assign(weight + 0.3)
    assert not np.allclose(model.encode_text(TEXTS), before, atol=1e-2)
    check_same(model)


def test_tokenizer_that_the_library_follows():
    check_same(models.followed_model())


def test_texts_that_lose_their_start():
    tokenizer = models.followed_tokenizer()
    tokenizer.truncation_side = "left"
    preprocessor = keras_mirror.MirrorPreprocessor(tokenizer, 16)
    model = keras_mirror.MirrorModel(models.make_model().encoder, preprocessor)
    check_same(models.moved(model), ["two dogs", " ".join(TEXTS)])


def test_prompts():
    start = models.make_model()
    preprocessor = keras_mirror.MirrorPreprocessor(
        start.preprocessor.tokenizer,
        sequence_length=24,
        prompts={"query": "a man: ", "passage": "two dogs: "},
        default_prompt_name="passage",
    )
    model = keras_mirror.MirrorModel(start.encoder, preprocessor)
    encoder = check_same(model)
    np.testing.assert_allclose(
        encoder.encode_text("plays", prompt="query"),
        model.encode_text("plays", prompt="query"),
        atol=1e-5,
    )
    with pytest.raises(ValueError, match="`prompt` must be the name"):
        encoder.encode_text("plays", prompt="title")


def test_embeddings_do_not_depend_on_batches():
    encoder = ForwardEncoder.of(models.make_model())
    together = encoder.encode_text(TEXTS)
    for batch_size in (1, 3):
        np.testing.assert_allclose(
            encoder.encode_text(TEXTS, batch_size), together, atol=1e-5
        )
    with pytest.raises(ValueError, match="`batch_size` must be"):
        encoder.encode_text(TEXTS, batch_size=0)


def test_a_text_that_comes_twice():
    check_same(models.make_model(), ["a man", "two dogs", "a man"])


def test_no_texts_and_one():
    encoder = ForwardEncoder.of(models.make_model())
    assert encoder.encode_text([]).shape == (0, 8)
    assert encoder.encode_text("a man").shape == (1, 8)
    with pytest.raises(TypeError, match="must be"):
        encoder.encode_text([1])


def test_weights_are_those_of_the_moment():
    model = models.make_model()
    before = ForwardEncoder.of(model)
    model.encoder.set_weights(models.moved(model).encoder.get_weights())
    after = check_same(model)
    assert before.fingerprint != after.fingerprint
    assert not np.allclose(
        before.encode_text(TEXTS), after.encode_text(TEXTS), atol=1e-3
    )


def test_non_finite_weights_are_told():
    model = models.make_model()
    weights = model.encoder.get_weights()
    model.encoder.set_weights([weight * np.nan for weight in weights])
    with pytest.raises(ValueError, match="of finite numbers"):
        ForwardEncoder.of(model).encode_text("a man")


def test_unknown_layers_are_refused():
    with pytest.raises(UnsupportedLayerError, match="RelativeEmbedding"):
        ForwardEncoder.of(models.make_model("DebertaV3"))
    with pytest.raises(UnsupportedLayerError, match="bfloat16"):
        ForwardEncoder.of(models.make_model(dtype="bfloat16"))


def test_similarity():
    model = models.make_model()
    encoder = ForwardEncoder.of(model)
    rows = keras.random.normal((3, 8), seed=0)
    rows = np.array(keras.ops.convert_to_numpy(rows))
    np.testing.assert_array_equal(
        encoder.similarity(rows, rows), model.similarity(rows, rows)
    )
    with pytest.raises(ValueError, match="the same `embedding_dim`"):
        encoder.similarity(rows, rows[:, :7])
