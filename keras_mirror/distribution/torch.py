"""PyTorch is imported inside functions: other backends do not need it."""

import os
import socket
import weakref
from typing import Any

from keras_mirror.arguments import chosen_seed
from keras_mirror.distribution.replica import Devices
from keras_mirror.distribution.replica import Replica
from keras_mirror.distribution.replica import check_enough
from keras_mirror.distribution.replica import decorrelate_seeds
from keras_mirror.distribution.replica import pair_views
from keras_mirror.distribution.replica import unpair_views

_LOOPBACK = "127.0.0.1"
# Models whose gradients are summed already; a second hook would sum twice.
_PREPARED: weakref.WeakSet = weakref.WeakSet()


def torch_random_state() -> list:
    """The states of PyTorch's generators, which its dropout draws from.

    Keras uses its own generator only for layers made with a seed.
    """
    import torch

    states = [torch.get_rng_state()]
    if torch.cuda.is_available():
        states += torch.cuda.get_rng_state_all()
    return [state.numpy() for state in states]


def set_torch_random_state(states: list) -> None:
    """Sets what `torch_random_state` returned."""
    import torch

    cpu, *gpus = map(torch.from_numpy, states)
    torch.set_rng_state(cpu)
    if gpus:
        torch.cuda.set_rng_state_all(gpus)


class TorchProcesses(Replica):
    """The processes of a `torch.distributed` group.

    Every process makes the whole batch and embeds its own rows. Keras's
    trainer does not go through `DistributedDataParallel`, so each gradient is
    summed over the processes here, as soon as it is computed.
    """

    def __init__(self):
        import torch

        self._torch = torch
        self._group = torch.distributed
        self.rank = self._group.get_rank()
        self._number = self._group.get_world_size()

    @staticmethod
    def is_active() -> bool:
        import torch

        group = torch.distributed
        if not group.is_available() or not group.is_initialized():
            return False
        return group.get_world_size() > 1

    def shard(self, views):
        return tuple(
            {name: self._own_rows(feature) for name, feature in view.items()}
            for view in views
        )

    def prepare(self, model) -> None:
        if model in _PREPARED:
            return
        for variable in model.variables:
            self._group.broadcast(variable.value.data, src=0)
        self._decorrelate(model)
        for variable in model.trainable_variables:
            variable.value.register_post_accumulate_grad_hook(
                lambda parameter: self._group.all_reduce(parameter.grad)
            )
        _PREPARED.add(model)

    def reseeded(self, model) -> None:
        if model in _PREPARED:  # otherwise the first step does it
            self._decorrelate(model)

    def gather(self, tensors):
        rows = [pair_views(tensor) for tensor in tensors]
        sizes = self._sizes(rows[0])
        return [unpair_views(self._gather(part, sizes)) for part in rows]

    def all_reduce_sum(self, values):
        values = values.clone()
        self._group.all_reduce(values)
        return values

    def broadcast(self, value):
        values = [value]
        self._group.broadcast_object_list(values, src=0)
        return values[0]

    def shared_seed(self, seed: int | None) -> int:
        return self.broadcast(chosen_seed(seed))

    def _decorrelate(self, model) -> None:
        decorrelate_seeds(model, self.rank)
        if self.rank:  # Keras 3.15 draws unseeded dropout from PyTorch's own
            self._torch.manual_seed(self._torch.initial_seed() + self.rank)

    def _own_rows(self, feature):
        feature = self._torch.as_tensor(feature)
        return self._torch.tensor_split(feature, self._number)[self.rank]

    def _gather(self, rows, sizes: list[int]):
        shape = (max(sizes), *rows.shape[1:])
        filled = rows.new_zeros(shape)  # all must send the same shape
        filled[: len(rows)] = rows.detach()
        parts = [self._torch.empty_like(filled) for _ in sizes]
        self._group.all_gather(parts, filled)
        parts = [part[:size] for part, size in zip(parts, sizes, strict=True)]
        parts[self.rank] = rows
        return self._torch.cat(parts)

    def _sizes(self, rows) -> list[int]:
        own = self._torch.tensor([len(rows)], device=rows.device)
        sizes = [self._torch.empty_like(own) for _ in range(self._number)]
        self._group.all_gather(sizes, own)
        return [int(size) for size in sizes]


def torch_devices(model) -> Devices:
    """Where PyTorch trains a model, see `training_devices`."""
    import torch

    number = here = 1
    if TorchProcesses.is_active():
        number = torch.distributed.get_world_size()
        # `torchrun` sets it, which may start processes on several machines.
        here = int(os.environ.get("LOCAL_WORLD_SIZE", number))
    if not torch.cuda.is_available():
        return Devices(number, here)
    free, _ = torch.cuda.mem_get_info()
    # PyTorch uses its cached memory for the next tensors.
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return Devices(number, here, free + kept)


class TorchGroup:
    """Processes of one machine that train together on PyTorch.

    Every process has one GPU or, without GPUs, its share of the CPU's threads.

    Args:
        rank: Integer, the number of this process. The others meet at process
            0.
        number: Integer, the number of processes.
        port: Integer, the `port` of process 0; process 0 itself may choose any.

    Raises:
        ValueError: There are GPUs, but fewer.
    """

    def __init__(self, rank: int, number: int, port: int = 0):
        import torch

        self._torch = torch
        self._rank = rank
        self._number = number
        if torch.cuda.is_available():
            check_enough(torch.cuda.device_count(), number, "GPUs")
        self._store = self._loopback_store(port)

    @property
    def port(self) -> int:
        return self._store.port

    def join(self) -> None:
        """Waits for the other processes."""
        self._stay_on_loopback()
        if self._torch.cuda.is_available():
            self._torch.cuda.set_device(self._rank)
            kind = "nccl"
        else:  # or processes compete for cores
            threads = self._torch.get_num_threads() // self._number
            self._torch.set_num_threads(max(1, threads))
            kind = "gloo"
        self._torch.distributed.init_process_group(
            kind,
            store=self._store,
            rank=self._rank,
            world_size=self._number,
        )

    def _loopback_store(self, port: int):
        """A store that other machines cannot reach: it trusts all messages."""
        options: dict[str, Any] = {"wait_for_workers": False}
        if not self._rank:  # PyTorch itself would listen on all interfaces
            listener = socket.create_server((_LOOPBACK, port))
            port = listener.getsockname()[1]
            options.update(is_master=True, master_listen_fd=listener.detach())
        return self._torch.distributed.TCPStore(
            _LOOPBACK, port, self._number, **options
        )

    def _stay_on_loopback(self) -> None:
        names = {name for _, name in socket.if_nameindex()}
        for loopback in names & {"lo", "lo0"}:  # of Linux, of macOS
            for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
                os.environ.setdefault(name, loopback)
