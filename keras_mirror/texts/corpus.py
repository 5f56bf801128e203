import dataclasses


@dataclasses.dataclass
class Corpus:
    """The usable strings of some texts, and what was left out of them.

    Args:
        strings: List of strings, stripped, in their order.
        num_read: Integer, all lines or strings seen.
        num_empty: Integer, of white space only.
        num_binary: Integer, with a NUL byte: not text.
        num_duplicates: Integer, equal to an earlier one and dropped: as
            negatives of each other they would be false.
        num_unsampled: Integer, usable and left out by `sample_strings`.
        partners: List of strings, the other text of every pair, or `None`
            where every string is its own.

    Example:

    >>> from keras_mirror.texts import collect_strings
    >>> collect_strings(["a man", " ", "a man"]).num_duplicates
    1
    """

    strings: list
    num_read: int = 0
    num_empty: int = 0
    num_binary: int = 0
    num_duplicates: int = 0
    num_unsampled: int = 0
    partners: list | None = None

    def set_pairs(self, pairs):
        """Takes the usable texts: tuples of two strings, often equal ones."""
        self.strings = [text for text, _ in pairs]
        partners = [partner for _, partner in pairs]
        self.partners = None if partners == self.strings else partners
