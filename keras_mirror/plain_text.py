import functools

import keras_hub
import tokenizers


class PlainTextTokenizer:
    """Strings to token ids with a keras-hub tokenizer, as plain text only.

    What a user writes is text, also where it reads `[MASK]` or `</s>`: no
    special token is ever read out of it. Works on Python strings, without
    TensorFlow, and gives the ids that the tokenizer gives in a graph.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer`. It is changed in place:
            it no longer looks for special tokens in strings.

    Call arguments:
        texts: A list of strings.

    Returns:
        A list of lists of ids.

    Example:

    >>> ids = PlainTextTokenizer(tokenizer)(["a man", "a woman plays"])
    >>> [len(row) for row in ids]
    [2, 3]
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        if isinstance(tokenizer, keras_hub.tokenizers.WordPieceTokenizer):
            tokenizer.special_tokens_in_strings = False
        if isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
            _stop_matching_special_tokens(tokenizer)

    def __call__(self, texts):
        for token, spelling in self.spellings.items():
            texts = [text.replace(token, spelling) for text in texts]
        return self._tokenize(texts) if texts else []

    @functools.cached_property
    def spellings(self):
        """Special tokens found in strings all the same, and a way around.

        A SentencePiece model may hold `[MASK]` as a symbol of its own, which
        the keras-hub tokenizer cannot switch off; `[ MASK ]` is not matched.
        """
        ids = [
            getattr(self.tokenizer, f"{name}_token_id", None)
            for name in ("start", "end", "pad", "mask")
        ]
        ids = {token_id for token_id in ids if token_id is not None}
        tokens = {
            token_id: self.tokenizer.id_to_token(token_id) for token_id in ids
        }
        return {
            token: f"{token[0]} {token[1:-1]} {token[-1]}"
            for token_id, token in tokens.items()
            if token_id in self._tokenize([token])[0]
        }

    @functools.cached_property
    def _tokenize(self):
        if isinstance(self.tokenizer, keras_hub.tokenizers.BytePairTokenizer):
            return _byte_pair_tokenize(self.tokenizer)
        return self.tokenizer.tokenize


def _stop_matching_special_tokens(tokenizer):
    if tokenizer.unsplittable_tokens:
        tokenizer.unsplittable_tokens = []
        # In an archive the vocabulary comes later, from the assets.
        if tokenizer.vocabulary is not None:
            tokenizer.set_vocabulary_and_merges(
                tokenizer.vocabulary, tokenizer.merges
            )


def _byte_pair_tokenize(tokenizer):
    # keras-hub 0.32 splits words by GPT-4's rule outside of graphs: other ids
    # than in a graph, than RoBERTa's. To go when its two paths agree.
    merges = [
        tuple(merge.split(" "))
        for merge in tokenizer.merges
        if "#version:" not in merge
    ]
    model = tokenizers.models.BPE(dict(tokenizer.vocabulary), merges)
    byte_pair = tokenizers.Tokenizer(model)
    byte_pair.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(
        add_prefix_space=tokenizer.add_prefix_space
    )
    return lambda texts: [row.ids for row in byte_pair.encode_batch(texts)]
