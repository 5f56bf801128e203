"""Encoding large corpora: in shards, on one or many machines."""

from keras_mirror.bulk.archive_encoder import ArchiveEncoder
from keras_mirror.bulk.encode_files import encode_files
from keras_mirror.bulk.shards import ShardPlan

__all__ = ["ArchiveEncoder", "ShardPlan", "encode_files"]
