from keras_mirror.preprocessing.plain_text_tokenizer import spell_apart


def spelled_apart(normalizer):
    """The special tokens that a normalizer puts spaces into.

    As `PlainTextTokenizer` does with tokens that SentencePiece would find in
    a text: tokenizers that were exported from here have such steps.

    Args:
        normalizer: A dict, as in `tokenizer.json`, or `None`.

    Returns:
        A list of strings.

    Example:

    >>> step = {"type": "Replace", "content": "[ MASK ]"}
    >>> spelled_apart({**step, "pattern": {"String": "[MASK]"}})
    ['[MASK]']
    """
    if not normalizer:
        return []
    if normalizer["type"] == "Sequence":
        steps = normalizer["normalizers"]
        return [token for step in steps for token in spelled_apart(step)]
    if normalizer["type"] != "Replace":
        return []
    text = normalizer["pattern"].get("String", "")
    if len(text) < 3:
        return []
    return [text] if normalizer["content"] == spell_apart(text) else []
