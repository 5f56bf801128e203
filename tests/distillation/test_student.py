import numpy as np
import pytest
from support.models import make_model

from keras_mirror.distillation import smaller_copy

TEXT = ["Two dogs run through the deep snow."]


def test_a_copy_of_all_layers_is_the_teacher(model):
    copy = smaller_copy(model, num_layers=2)
    np.testing.assert_allclose(
        copy.encode_text(TEXT), model.encode_text(TEXT), atol=1e-6
    )
    assert copy.encoder.backbone is not model.encoder.backbone


@pytest.mark.parametrize("family", ["Bert", "Roberta", "DistilBert"])
def test_a_copy_of_fewer_layers_has_the_last_one(family):
    teacher = make_model(family)
    student = smaller_copy(teacher, num_layers=1)
    old, new = (each.encoder.backbone for each in (teacher, student))
    layers = [
        [layer for layer in each.layers if hasattr(layer, "num_heads")]
        for each in (old, new)
    ]
    assert list(map(len, layers)) == [2, 1]
    for one, two in zip(
        layers[0][1].get_weights(), layers[1][0].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(
        old.token_embedding.get_weights()[0],
        new.token_embedding.get_weights()[0],
    )


def test_a_narrower_copy_has_the_main_directions_of_tokens(model):
    student = smaller_copy(model, hidden_dim=4)
    assert student.encode_text(TEXT).shape == (1, 4)
    backbone = student.encoder.backbone
    assert (backbone.num_heads, backbone.intermediate_dim) == (1, 8)
    old = model.encoder.backbone.token_embedding.get_weights()[0]
    new = backbone.token_embedding.get_weights()[0]
    # What the first singular values hold, as SVD says.
    values = np.linalg.svd(old.astype("float64"), compute_uv=False)
    assert np.sum(new**2) == pytest.approx(np.sum(values[:4] ** 2), rel=1e-4)
    norms = [x for x in backbone.weights if x.name == "gamma"]
    for gamma in norms:
        np.testing.assert_allclose(np.array(gamma), 1, atol=1e-5)


def test_its_dropout_and_pooling_are_those_of_the_teacher():
    teacher = make_model(recipe="sentence", batch_size=10, drophead=0.5)
    student = smaller_copy(teacher, num_layers=1)
    assert student.recipe == teacher.recipe
    for name in ("pooling_mode", "pooled_layers", "frequency_smoothing"):
        ours = getattr(student.encoder, name)
        assert ours == getattr(teacher.encoder, name)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"num_layers": 3}, "from 1 to 2"),
        ({"num_layers": 0}, "from 1 to 2"),
        ({"hidden_dim": 6}, "a multiple of 4"),
        ({"hidden_dim": 12}, "from 1 to 8"),
    ],
)
def test_sizes_that_no_copy_can_have_are_refused(model, sizes, message):
    with pytest.raises(ValueError, match=message):
        smaller_copy(model, **sizes)


def test_layers_that_share_weights_are_refused():
    with pytest.raises(ValueError, match="do not share weights"):
        smaller_copy(make_model("Albert"), num_layers=1)
