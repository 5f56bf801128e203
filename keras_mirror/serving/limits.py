import dataclasses

from keras_mirror.arguments import check_integer


def _limit(default: int, help: str) -> int:
    return dataclasses.field(default=default, metadata={"help": help})


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of what a server accepts from clients, and how long it waits.

    `keras-mirror serve` has an option for each of them.

    Args:
        max_body_bytes: Integer, the size of a request. max_texts: Integer, the
            texts or queries of a request. Defaults to `2048`, as with OpenAI.
        max_characters: Integer, the length of a text.
        max_results: Integer, queries times `k` of a search.
        max_queued_texts: Integer, the texts of all waiting requests.
        batch_texts: Integer, the texts that are encoded together. They may be
            of several requests.
        receive_seconds: Integer, the time until a request is received.
        answer_seconds: Integer, the time until it is answered, and the time
            until the server stops after a signal.

    Raises:
        ValueError: A limit is not a positive integer, or a request of
            `max_texts` would not fit into the queue.

    Example:

    >>> Limits(max_texts=8).max_texts
    8
    """

    max_body_bytes: int = _limit(2**22, "Bytes per request.")
    max_texts: int = _limit(2048, "Texts per request.")
    max_characters: int = _limit(2**15, "Characters per text.")
    max_results: int = _limit(10_000, "Results of a search: queries times k.")
    max_queued_texts: int = _limit(2**13, "Texts that may wait for their turn.")
    batch_texts: int = _limit(64, "Texts encoded together, of all clients.")
    receive_seconds: int = _limit(10, "Time to receive a request.")
    answer_seconds: int = _limit(300, "Time to answer a request, and to stop.")

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check_integer(name, value)
        if self.max_texts > self.max_queued_texts:
            raise ValueError(
                "`max_texts` must not be above `max_queued_texts`: such a "
                "request would always be refused. Received: "
                f"max_texts={self.max_texts}, "
                f"max_queued_texts={self.max_queued_texts}"
            )
