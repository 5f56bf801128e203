import dataclasses

from keras_mirror.data import as_strings

# Names of the prompts for either side of a search that sentence-transformers
# looks for, in its order.
ROLES = {"query": ("query",), "document": ("document", "passage", "corpus")}


@dataclasses.dataclass(frozen=True)
class Prompts:
    """Named prompts that are put before texts, as in sentence-transformers.

    Some encoders were trained with a prefix such as `"query: "` before every
    text, and give worse embeddings without it.

    Args:
        texts: Dict from names to strings. Defaults to none.
        default_name: String, the name of the prompt that is used by default.
            Defaults to `None`: no prompt.

    Raises:
        ValueError: A prompt is not a string, or `default_name` is not a name.

    Example:

    >>> prompts = Prompts({"query": "query: "})
    >>> prompts.prepend(["who plays?"], "query")
    ['query: who plays?']
    """

    texts: dict[str, str] = dataclasses.field(default_factory=dict)
    default_name: str | None = None

    def __post_init__(self) -> None:
        items = dict(self.texts).items()
        if not all(isinstance(x, str) for item in items for x in item):
            raise ValueError(
                "`prompts` must be a dict from names to strings. "
                f"Received: prompts={self.texts!r}"
            )
        self.text(None)

    def text(self, name: str | None) -> str:
        """The prompt of a name, `""` for `None` without a default.

        Raises:
            ValueError: There is no prompt of this name.
        """
        name = self.default_name if name is None else name
        if name is None:
            return ""
        if name not in self.texts:
            known = ", ".join(map(repr, self.texts)) or "none"
            raise ValueError(
                "`prompt` must be the name of a prompt of this model, which "
                f"has {known}. Received: prompt={name!r}"
            )
        return self.texts[name]

    def name_of_role(self, role: str) -> str | None:
        """The name of the prompt for `"query"` or `"document"`, or `None`.

        Example:

        >>> Prompts({"passage": "passage: "}).name_of_role("document")
        'passage'
        """
        return next((x for x in ROLES[role] if x in self.texts), None)

    def prepend(self, texts, name: str | None = None):
        """Puts a prompt before every text.

        Args:
            texts: A string, a list or array of strings, or a string tensor.
            name: String, see `text`. Defaults to `None`: the default one.

        Returns:
            `texts` unchanged if the prompt is empty; otherwise a string tensor
            or a list of strings.
        """
        prompt = self.text(name)
        if not prompt:
            return texts
        if type(texts).__module__.startswith("tensorflow."):
            import tensorflow as tf

            return tf.strings.join([prompt, texts])
        return [prompt + text for text in as_strings(texts)]
