"""Statistics of weighted observations, which scores are made of.

A statistic takes its observations when it is made. Called with an array of
weights of shape `(num_resamples, num_observations)`, it gives a value for each
row of weights: all ones for the value itself, the counts of a bootstrap sample
for its spread. An undefined value, such as a correlation with a constant, is
NaN here and "undefined" to users (see `Score`).
"""

import numpy as np


class Mean:
    """The weighted mean.

    Args:
        values: Floats of shape `(num_observations,)`.

    Example:

    >>> Mean([1.0, 2.0, 6.0])(np.ones((1, 3))).tolist()
    [3.0]
    """

    def __init__(self, values) -> None:
        self.values = np.asarray(values, dtype="float64")

    def __call__(self, weights):
        return weights @ self.values / weights.sum(axis=1)


class Pearson:
    """The weighted correlation of two variables.

    Args:
        values_1: Floats of shape `(num_observations,)`.
        values_2: Floats of the same shape.

    Example:

    >>> Pearson([1, 2, 3], [2, 4, 6])(np.ones((1, 3))).round(9).tolist()
    [1.0]
    """

    def __init__(self, values_1, values_2) -> None:
        self.values = [
            np.asarray(values, dtype="float64")
            for values in (values_1, values_2)
        ]
        self.groups = [Groups(values) for values in self.values]

    def __call__(self, weights):
        deviations = [self._deviations(side, weights) for side in (0, 1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            norms = [np.sqrt((weights * d * d).sum(axis=1)) for d in deviations]
            product = (weights * deviations[0] * deviations[1]).sum(axis=1)
            correlations = product / norms[0] / norms[1]
        for groups in self.groups:
            # Rounding can hide that all weighted values are equal.
            is_constant = (groups.totals(weights) > 0).sum(axis=1) < 2
            correlations[is_constant] = np.nan
        return correlations

    def _deviations(self, side: int, weights):
        variable = self._variable(side, weights)
        totals = weights.sum(axis=1, keepdims=True)
        return variable - (weights * variable).sum(1, keepdims=True) / totals

    def _variable(self, side: int, weights):
        return self.values[side]


class Spearman(Pearson):
    """The weighted rank correlation; equal values share their mean rank.

    Args:
        values_1: Floats of shape `(num_observations,)`.
        values_2: Floats of the same shape.

    Example:

    >>> Spearman([1, 2, 9], [3, 5, 4])(np.ones((1, 3))).round(9).tolist()
    [0.5]
    """

    def _variable(self, side: int, weights):
        return self.groups[side].ranks(weights)


class AreaUnderCurve:
    """The weighted area under the ROC curve: how often the right one wins.

    Args:
        values: Floats of shape `(num_observations,)`, higher for positives.
        labels: Booleans of the same shape, whether it is a positive.

    Example:

    >>> AreaUnderCurve([0.1, 0.9, 0.5], [False, True, True])(np.ones((1, 3)))
    array([1.])
    """

    def __init__(self, values, labels) -> None:
        self.groups = Groups(values)
        self.labels = np.asarray(labels, dtype=bool)

    def __call__(self, weights):
        positives = weights * self.labels
        num_positives = positives.sum(axis=1)
        num_negatives = weights.sum(axis=1) - num_positives
        rank_sums = (self.groups.ranks(weights) * positives).sum(axis=1)
        wins = rank_sums - num_positives * (num_positives + 1) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return wins / (num_positives * num_negatives)


class MutualInformation:
    """The normalized mutual information of two labelings of the same items.

    It is divided by the mean of the two entropies: 1 if each labeling
    determines the other, 0 if they are independent.

    Reference:
        - [Vinh et al., 2010](https://jmlr.org/papers/v11/vinh10a.html)

    Args:
        labels_1: List of `num_observations` labels.
        labels_2: The same for the other labeling.

    Example:

    >>> labels = ["a", "a", "b"]
    >>> MutualInformation(labels, [7, 7, 3])(np.ones((1, 3))).round(9).tolist()
    [1.0]
    """

    def __init__(self, labels_1, labels_2) -> None:
        codes = [
            np.unique(labels, return_inverse=True)[1]
            for labels in (labels_1, labels_2)
        ]
        both = codes[0] * (codes[1].max() + 1) + codes[1]
        self._groups = [Groups(labels) for labels in (*codes, both)]

    def __call__(self, weights):
        entropy_1, entropy_2, entropy_of_both = (
            _entropy(groups.totals(weights)) for groups in self._groups
        )
        information = np.maximum(entropy_1 + entropy_2 - entropy_of_both, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return 2 * information / (entropy_1 + entropy_2)


class Groups:
    """Observations of equal value: sorted once, ranked for any weights.

    An observation of weight `w` counts as `w` observations.

    Args:
        values: Floats of shape `(num_observations,)`.

    Example:

    >>> Groups([3.0, 1.0, 3.0]).ranks(np.ones((1, 3))).tolist()
    [[2.5, 1.0, 2.5]]
    """

    def __init__(self, values) -> None:
        values = np.asarray(values, dtype="float64")
        self._order = np.argsort(values, kind="stable")
        _, self._starts, self._group = np.unique(
            values[self._order], return_index=True, return_inverse=True
        )

    def totals(self, weights):
        """The weight of every group, of shape `(num_resamples, num_groups)`."""
        return np.add.reduceat(weights[:, self._order], self._starts, axis=1)

    def ranks(self, weights):
        """Mean ranks, of shape `(num_resamples, num_observations)`."""
        totals = self.totals(weights)
        middle = np.cumsum(totals, axis=1) - (totals - 1) / 2
        ranks = np.empty(weights.shape)
        ranks[:, self._order] = middle[:, self._group]
        return ranks


def _entropy(totals):
    """Of each row of weights, in nats."""
    shares = totals / totals.sum(axis=1, keepdims=True)
    logarithms = np.log(shares, out=np.zeros(shares.shape), where=shares > 0)
    return -(shares * logarithms).sum(axis=1)
