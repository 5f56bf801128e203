import sys

import numpy as np

from keras_mirror.replicas.one_replica import OneReplica
from keras_mirror.replicas.seeds import draw_apart
from keras_mirror.replicas.view_pairs import paired_views
from keras_mirror.replicas.view_pairs import stacked_views


class TorchProcesses(OneReplica):
    """The processes of a `torch.distributed` group.

    Every process makes the whole batch and embeds its own rows. Keras's
    trainer does not go through `DistributedDataParallel`, so that gradients
    are added up here, as soon as they are there.
    """

    def __init__(self):
        self._torch = sys.modules["torch"]
        self._group = self._torch.distributed
        self.rank = self._group.get_rank()
        self._number = self._group.get_world_size()

    @staticmethod
    def are_several():
        group = sys.modules["torch"].distributed
        if not group.is_available() or not group.is_initialized():
            return False
        return group.get_world_size() > 1

    def own_rows(self, views):
        return tuple(
            {
                name: self._torch.tensor_split(
                    self._torch.as_tensor(feature), self._number
                )[self.rank]
                for name, feature in view.items()
            }
            for view in views
        )

    def prepare(self, model):
        if getattr(model, "_learns_together", False):
            return
        for variable in model.variables:
            self._group.broadcast(variable.value.data, src=0)
        draw_apart(model, self.rank)
        if self.rank:  # Keras 3.15 draws unseeded dropout from PyTorch's own
            self._torch.manual_seed(self._torch.initial_seed() + self.rank)
        for variable in model.trainable_variables:
            variable.value.register_post_accumulate_grad_hook(self._add_up)
        model._learns_together = True

    def gather(self, tensors):
        rows = [paired_views(tensor) for tensor in tensors]
        sizes = self._sizes(rows[0])
        return [stacked_views(self._gather(part, sizes)) for part in rows]

    def add_up(self, values):
        values = values.clone()
        self._group.all_reduce(values)
        return values

    def from_first(self, value):
        values = [value]
        self._group.broadcast_object_list(values, src=0)
        return values[0]

    def shared_seed(self, seed):
        return self.from_first(np.random.SeedSequence(seed).entropy)

    def _gather(self, rows, sizes):
        shape = (max(sizes), *rows.shape[1:])
        filled = rows.new_zeros(shape)  # all must send the same shape
        filled[: len(rows)] = rows.detach()
        parts = [self._torch.empty_like(filled) for _ in sizes]
        self._group.all_gather(parts, filled)
        parts = [part[:size] for part, size in zip(parts, sizes, strict=True)]
        parts[self.rank] = rows
        return self._torch.cat(parts)

    def _sizes(self, rows):
        own = self._torch.tensor([len(rows)], device=rows.device)
        sizes = [self._torch.empty_like(own) for _ in range(self._number)]
        self._group.all_gather(sizes, own)
        return [int(size) for size in sizes]

    def _add_up(self, parameter):
        self._group.all_reduce(parameter.grad)
