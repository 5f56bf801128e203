import dataclasses
from collections.abc import Callable

import numpy as np

from keras_mirror.evaluation import SimilarityTask
from keras_mirror.evaluation.task import Result
from keras_mirror.nearest_rows import nearest_others
from keras_mirror.search.unit_embeddings import unit_embeddings

NAME = "agreement with the second encoder"
MIN_TEXTS = 50
MAX_TEXTS = 5000
NUM_ANCHORS = 500
NUM_NEAREST = 10
NUM_NEAR = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgreementTask(SimilarityTask):
    """Pairs of texts whose scores are the cosines of another encoder.

    Only ranks are compared: two encoders may agree on what is near although
    their cosines spread differently.

    Args:
        texts_1, texts_2, scores, subsets: See `SimilarityTask`.

    Example:

    >>> task = AgreementTask(
    ...     name="mine", texts_1=["a man"], texts_2=["a dog"], scores=[0.2]
    ... )
    >>> [result.metric for result in task.score(model.encode_text)]
    ['Spearman']
    """

    kind: str = "agreement"

    def score(self, embed: Callable) -> list[Result]:
        return super().score(embed)[:1]


def agreement_task(
    texts: list[str],
    second_encoder,
    seed: int = 0,
    batch_size: int | None = None,
) -> AgreementTask:
    """Pairs of texts with the cosines of an encoder that you trust.

    Models are scored by how well their own cosines rank the same pairs. Up to
    500 texts have four pairs each: one with one of the ten nearest texts, one
    with one of the next ninety, and two with texts drawn from all. The second
    encoder alone decides which texts are near, so the pairs favor none of the
    models that are compared, unless the second encoder is one of them.

    Args:
        texts: List of strings; at most 5,000 different ones are used.
        second_encoder: A `MirrorModel`.
        seed: Integer. Decides which pairs. Defaults to `0`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.

    Returns:
        An `AgreementTask`.

    Raises:
        TypeError: `second_encoder` is not a `MirrorModel`.
        ValueError: There are fewer than fifty different texts.

    Example:

    >>> texts = [f"{number} dogs run" for number in range(60)]
    >>> task = agreement_task(texts, model)
    >>> task.num_items(), round(task.score(model.encode_text)[0].score.value, 4)
    (240, 1.0)
    """
    texts = [text for text in dict.fromkeys(texts) if text.strip()]
    if len(texts) < MIN_TEXTS:
        raise ValueError(
            f"A second encoder needs at least {MIN_TEXTS} different texts, so "
            f"that near and far ones differ. Received: {len(texts)}"
        )
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(len(texts))[:MAX_TEXTS]
    texts = [texts[place] for place in drawn]
    embeddings = unit_embeddings(second_encoder, texts, batch_size)
    anchors, partners = _draw_pairs(embeddings, generator)
    cosines = (embeddings[anchors] * embeddings[partners]).sum(axis=1)
    return AgreementTask(
        name=NAME,
        texts_1=[texts[anchor] for anchor in anchors],
        texts_2=[texts[partner] for partner in partners],
        scores=cosines.tolist(),
    )


def _draw_pairs(embeddings, generator: np.random.Generator) -> tuple:
    """Rows of anchors and of their partners, two arrays of the same length."""
    num_texts = len(embeddings)
    num_anchors = min(NUM_ANCHORS, num_texts)
    num_near = min(NUM_NEAR, num_texts - 1)
    _, nearest = nearest_others(embeddings, num_near, num_anchors)
    anchors, partners = [], []
    for anchor, others in enumerate(nearest):
        near = generator.choice(others[:NUM_NEAREST])
        farther = generator.choice(others[NUM_NEAREST:])
        steps = generator.choice(num_texts - 1, size=2, replace=False) + 1
        anchors += [anchor] * 4
        partners += [near, farther, *(anchor + steps) % num_texts]
    return np.array(anchors), np.array(partners)
