import threading


class Lock:
    """A lock that one thread may take several times.

    If its owner is copied, also into another process, the copy gets a new lock.

    Example:

    >>> lock = Lock()
    >>> with lock, lock:
    ...     texts = ["a man"]
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple:
        return Lock, ()
