from keras import ops

from keras_mirror.metrics.unit_length import unit_length
from keras_mirror.recipes import check_field

# A larger weight costs students of MiniLM on STS-B dev (60 steps: 83.2 at 0,
# 83.0 at 1, 82.6 at 10, 82.1 at 50), but only this part teaches prefixes.
SIMILARITY_WEIGHT = 1.0


def info_nce(
    view_1,
    view_2,
    temperature=0.04,
    string_ids=None,
    max_negative_similarity: float | None = None,
    decoupled: bool = False,
    guide=None,
    guide_ceiling=None,
):
    """The contrastive loss of Mirror-BERT over one batch.

    Each string has one embedding in `view_1` and one in `view_2`. The loss
    pulls these two together and pushes the `2 * batch_size - 2` embeddings of
    the batch's other strings away, in both directions: every embedding is an
    anchor once.

    Differs from the paper: Eq. 1 leaves the positive out of the denominator,
    the original code (`NTXentLoss` of pytorch-metric-learning) keeps it in, and
    so does this function unless `decoupled`. With one string there is no
    negative and the loss is zero.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027)
        - [Chen et al., 2020](https://arxiv.org/abs/2002.05709), "NT-Xent"
        - [Yeh et al., 2022](https://arxiv.org/abs/2110.06848), "Decoupled
          contrastive learning"
        - [Solatorio, 2024](https://arxiv.org/abs/2402.16829), "GISTEmbed",
          the guide

    Args:
        view_1: Tensor of shape `(batch_size, embedding_dim)`, any float dtype
            and any norm: similarities are cosines.
        view_2: Tensor of the same shape; row `i` is the other view of string
            `i`.
        temperature: Positive float or scalar tensor. Divides the cosines.
            Defaults to `0.04`, the paper's for sentences and phrases; it takes
            `0.2` for words.
        string_ids: Integer tensor of shape `(2 * batch_size,)`, those of
            `view_1` first. Embeddings of strings with the same id are not
            each other's negatives. Defaults to `None`: all strings differ.
        max_negative_similarity: Float in `(-1, 1]`. An embedding whose cosine
            with the anchor is higher counts as a false negative and is left
            out. Defaults to `None`: none is.
        decoupled: Boolean. Whether the positive is left out of the
            denominator, as in the paper's Eq. 1; the loss may then be
            negative. Defaults to `False`, as in the original code.
        guide: Tensor of shape `(2 * batch_size, guide_dim)`, any float dtype:
            the same strings as a frozen encoder embeds them. Defaults to
            `None`: there is no guide.
        guide_ceiling: Float, or tensor of shape `(2 * batch_size,)` with a
            value for every anchor. An embedding whose cosine with the anchor
            is higher in the guide is not its negative. Defaults to `None`,
            with `guide=None` only.

    Returns:
        A float32 scalar, the mean over the `2 * batch_size` anchors.

    Raises:
        ValueError: `temperature` or `max_negative_similarity` is out of range,
            or only one of `guide` and `guide_ceiling` is given.

    Example:

    >>> view_1 = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> float(info_nce(view_1, view_1, temperature=0.2)) < 0.02
    True
    """
    _check("temperature", temperature)
    _check("max_negative_similarity", max_negative_similarity)
    _check_guide(guide, guide_ceiling)
    view_1 = unit_length(view_1)  # (batch_size, embedding_dim)
    view_2 = unit_length(view_2)
    embeddings = ops.concatenate([view_1, view_2], axis=0)
    similarities = ops.matmul(embeddings, ops.transpose(embeddings))
    negatives = _negatives(similarities, string_ids, max_negative_similarity)
    if guide is not None:
        similar = _similar_in_guide(guide, guide_ceiling)
        negatives = ops.logical_and(negatives, ops.logical_not(similar))
    compared = _compared(negatives, decoupled)
    logits = ops.where(compared, similarities / temperature, -float("inf"))

    positives = ops.sum(view_1 * view_2, axis=-1) / temperature
    positives = ops.concatenate([positives, positives], axis=0)
    return ops.mean(ops.logsumexp(logits, axis=-1) - positives)


def _check(name: str, value) -> None:
    if isinstance(value, (bool, int, float, str)):  # a tensor has no value yet
        check_field(name, value)


def _check_guide(guide, guide_ceiling) -> None:
    if (guide is None) != (guide_ceiling is None):
        given = "guide_ceiling" if guide is None else "guide"
        raise ValueError(
            "`guide` and `guide_ceiling` must be given together. "
            f"Received: only `{given}`"
        )
    _check("guide_ceiling", guide_ceiling)


def _similar_in_guide(guide, guide_ceiling):
    """Mask of the pairs above the ceiling of the row's string."""
    guide = unit_length(guide)
    similarities = ops.matmul(guide, ops.transpose(guide))
    ceiling = ops.cast(ops.reshape(guide_ceiling, (-1, 1)), "float32")
    return similarities > ceiling


def _negatives(similarities, string_ids, max_negative_similarity):
    """Mask of each anchor's (row's) negatives."""
    rows = ops.arange(ops.shape(similarities)[0])
    itself_or_partner = ops.logical_or(
        _equal_pairs(rows, rows), _positives(rows)
    )
    negatives = ops.logical_not(itself_or_partner)
    if string_ids is not None:
        same = _equal_pairs(string_ids, string_ids)
        negatives = ops.logical_and(negatives, ops.logical_not(same))
    if max_negative_similarity is not None:
        is_low = similarities <= max_negative_similarity
        negatives = ops.logical_and(negatives, is_low)
    return negatives


def _compared(negatives, decoupled):
    """Mask of each anchor's denominator; excludes the anchor itself."""
    positives = _positives(ops.arange(ops.shape(negatives)[0]))
    if decoupled:  # but an anchor without negatives has no loss
        has_none = ops.logical_not(ops.any(negatives, axis=1, keepdims=True))
        positives = ops.logical_and(positives, has_none)
    return ops.logical_or(negatives, positives)


def _positives(rows):
    """Mask of the other views of the same strings."""
    return _equal_pairs(rows, ops.roll(rows, ops.shape(rows)[0] // 2))


def _equal_pairs(ids_1, ids_2):
    return ops.equal(ids_1[:, None], ids_2[None, :])


def distillation_loss(
    embeddings,
    targets,
    projected=None,
    prefixes=(),
    similarity_weight: float = SIMILARITY_WEIGHT,
):
    """How far a student's embeddings of a batch are from its teacher's.

    It is the mean of `1 - cosine` between a text's two vectors plus a weighted
    second part: the mean squared difference between the cosines of texts of the
    batch in the student and in the teacher. The second part needs no common
    space, so it also applies to the first numbers of a vector alone.

    Reference:
        - [Reimers and Gurevych, 2020](https://arxiv.org/abs/2004.09813), who
          distill into the teacher's space
        - [Tung and Mori, 2019](https://arxiv.org/abs/1907.09682),
          "Similarity-preserving knowledge distillation"
        - [Kusupati et al., 2022](https://arxiv.org/abs/2205.13147),
          "Matryoshka representation learning", for `prefixes`

    Args:
        embeddings: Tensor of shape `(batch_size, embedding_dim)`, the
            student's, of any float dtype and norm.
        targets: Tensor of shape `(batch_size, teacher_dim)`.
        projected: Tensor of shape `(batch_size, teacher_dim)`, the student's
            in the space of the teacher. Defaults to `None`: `embeddings`.
        prefixes: Tuple of integers. For each, this many first numbers of
            `embeddings` should have the teacher's cosines too. Defaults to
            none.
        similarity_weight: Float. Defaults to `1.0`.

    Returns:
        A float32 scalar.

    Example:

    >>> vectors = np.eye(3, 4)
    >>> abs(float(distillation_loss(vectors, vectors))) < 1e-6
    True
    """
    projected = embeddings if projected is None else projected
    targets = unit_length(targets)
    cosines = ops.sum(unit_length(projected) * targets, axis=-1)
    expected = _cosines(targets)
    sizes = (None, *prefixes)
    squares = [
        ops.square(_cosines(embeddings[:, :size]) - expected) for size in sizes
    ]
    differences = sum(map(ops.mean, squares)) / len(sizes)
    return ops.mean(1.0 - cosines) + similarity_weight * differences


def _cosines(embeddings):
    embeddings = unit_length(embeddings)
    return ops.matmul(embeddings, ops.transpose(embeddings))
