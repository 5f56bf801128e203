"""Many threads that begin at once."""

import concurrent.futures
import threading


def in_threads(work, items):
    """The results of `work(item)`, each in its own thread."""
    items = list(items)
    barrier = threading.Barrier(len(items), timeout=60)

    def begin(item):
        barrier.wait()
        return work(item)

    with concurrent.futures.ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(begin, items))
