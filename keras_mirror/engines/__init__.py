"""Encoding at size: in parts, on engines that spread work over machines."""

from keras_mirror.engines.archive_encoder import ArchiveEncoder
from keras_mirror.engines.encode_files import encode_files
from keras_mirror.engines.shard_plan import ShardPlan

__all__ = ["ArchiveEncoder", "ShardPlan", "encode_files"]
