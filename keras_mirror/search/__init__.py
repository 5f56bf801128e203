"""Finds texts by meaning: an index, near duplicates, clusters."""

from keras_mirror.search.cluster import Cluster
from keras_mirror.search.cluster import cluster
from keras_mirror.search.cluster import outliers
from keras_mirror.search.find_duplicates import DuplicatePair
from keras_mirror.search.find_duplicates import find_duplicates
from keras_mirror.search.group_duplicates import DuplicateGroup
from keras_mirror.search.group_duplicates import group_duplicates
from keras_mirror.search.index import Index
from keras_mirror.search.name_clusters import ClusterName
from keras_mirror.search.name_clusters import name_clusters
from keras_mirror.search.propose_threshold import propose_threshold
from keras_mirror.store.search_result import SearchResult

__all__ = [
    "Cluster",
    "ClusterName",
    "DuplicateGroup",
    "DuplicatePair",
    "Index",
    "SearchResult",
    "cluster",
    "find_duplicates",
    "group_duplicates",
    "name_clusters",
    "outliers",
    "propose_threshold",
]
