import numpy as np

# D3's category10, readable on white and on black, without gray, which marks
# texts in no cluster.
COLORS = (
    "#1f77b4",
    "#ff7f0e",
    "#2ca02c",
    "#d62728",
    "#9467bd",
    "#8c564b",
    "#e377c2",
    "#bcbd22",
    "#17becf",
)
OF_NO_CLUSTER = "#9aa0a6"


def colors_of(centers) -> list[str]:
    """Colors of clusters; clusters of the same color lie far apart.

    Args:
        centers: Float array of shape `(num_clusters, 2)`.

    Returns:
        A list of strings such as `"#1f77b4"`.

    Example:

    >>> colors_of(np.array([[0.1, 0.1], [0.2, 0.2]]))
    ['#1f77b4', '#ff7f0e']
    """
    chosen: list[int] = []
    centers = np.asarray(centers).reshape(-1, 2)
    for center in centers:
        distances = np.full(len(COLORS), np.inf)
        for number, other in zip(chosen, centers, strict=False):
            distance = np.hypot(*(center - other))
            distances[number] = min(distances[number], distance)
        chosen.append(int(distances.argmax()))
    return [COLORS[number] for number in chosen]
