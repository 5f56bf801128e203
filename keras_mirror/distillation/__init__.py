"""Distillation: a small encoder that gives the vectors of a large one."""

from keras_mirror.distillation.distill import distill as distill
from keras_mirror.distillation.held_out import Reached as Reached
from keras_mirror.distillation.steps import Distillation as Distillation
from keras_mirror.distillation.student import smaller_copy as smaller_copy
from keras_mirror.distillation.training import (
    DistillationSettings as DistillationSettings,
)
