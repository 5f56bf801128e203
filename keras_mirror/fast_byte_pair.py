import tokenizers


def fast_byte_pair(tokenizer):
    """A byte-pair tokenizer of keras-hub as one of the `tokenizers` library.

    It splits as RoBERTa does, and knows no special tokens.

    Args:
        tokenizer: A `keras_hub.tokenizers.BytePairTokenizer`.

    Returns:
        A `tokenizers.Tokenizer`.
    """
    pairs = [tuple(merge.split(" ")) for merge in merges(tokenizer)]
    model = tokenizers.models.BPE(dict(tokenizer.vocabulary), pairs)
    fast = tokenizers.Tokenizer(model)
    fast.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=tokenizer.add_prefix_space
    )
    return fast


def merges(tokenizer):
    """The merges of a byte-pair tokenizer, without the header of their file.

    Args:
        tokenizer: A `keras_hub.tokenizers.BytePairTokenizer`.

    Returns:
        A list of strings, two pieces with a space between them.
    """
    return [merge for merge in tokenizer.merges if "#version:" not in merge]
