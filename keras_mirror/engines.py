"""The published path of `keras_mirror.bulk`."""

from keras_mirror.bulk import ArchiveEncoder as ArchiveEncoder
from keras_mirror.bulk import ShardPlan as ShardPlan
from keras_mirror.bulk import encode_files as encode_files
