import sys

from keras_mirror.replicas.enough_devices import check_enough


class TorchGroup:
    """Processes of one machine that train together on PyTorch.

    Every process has a GPU; without any, its part of the CPU's threads.

    Args:
        rank: Integer, the number of this process. The first one, 0, is where
            the others meet.
        number: Integer, of processes.
        port: Integer, the first one's `port`; the first one itself takes any.

    Raises:
        ValueError: There are GPUs, but fewer.
    """

    def __init__(self, rank, number, port=0):
        self._torch = sys.modules["torch"]
        self._rank = rank
        self._number = number
        if self._torch.cuda.is_available():
            check_enough(self._torch.cuda.device_count(), number, "GPUs")
        self._store = self._torch.distributed.TCPStore(
            "localhost", port, number, rank == 0, wait_for_workers=False
        )

    @property
    def port(self):
        return self._store.port

    def join(self):
        """Waits for the other processes."""
        if self._torch.cuda.is_available():
            self._torch.cuda.set_device(self._rank)
            kind = "nccl"
        else:  # or processes take the cores away from each other
            threads = self._torch.get_num_threads() // self._number
            self._torch.set_num_threads(max(1, threads))
            kind = "gloo"
        self._torch.distributed.init_process_group(
            kind,
            store=self._store,
            rank=self._rank,
            world_size=self._number,
        )
