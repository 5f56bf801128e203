def check_ids(ids, files):
    """Checks the ids of a vocabulary, and adds the added tokens to it.

    Args:
        ids: A dict of tokens to their ids.
        files: A `TokenizerFiles`.

    Returns:
        A dict of all tokens to their ids.
    """
    for token, id in ids.items():
        if not (isinstance(id, int) and 0 <= id < files.vocabulary_size):
            raise ValueError(
                "Every token must have an id below the `vocab_size` of "
                f"config.json, {files.vocabulary_size}. Received: id={id!r} "
                f"of token {token!r} in folder={files.folder}"
            )
    added = {token.content: token.id for token in files.added_tokens.values()}
    return {**added, **ids}


def rename_special_tokens(ids, files, names):
    """Gives special tokens the names that a keras-hub class looks for.

    Args:
        ids: A dict of all tokens to their ids, left as it is.
        files: A `TokenizerFiles`.
        names: A dict of roles, such as `"mask_token"`, to new names.

    Returns:
        A dict of all tokens to their ids, the same ids as before. A token
        that had one of the new names without being special has gone.
    """
    tokens = files.special_tokens(ids, names)
    renamed = {name: ids[tokens[role]] for role, name in names.items()}
    special = set(tokens.values())
    others = {token: id for token, id in ids.items() if token not in special}
    return {**others, **renamed}
