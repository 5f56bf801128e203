import dataclasses


@dataclasses.dataclass
class Shard:
    """Some rows of a file, which are encoded in one go into one file.

    Args:
        name: String: the number of the file that they come from, a dash, and
            their place in it.
        ids: List of strings.
        texts: List of strings, as many.
    """

    name: str
    ids: list
    texts: list
