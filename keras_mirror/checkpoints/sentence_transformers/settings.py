from keras_mirror.files import read_json

# What sentence-transformers asks of the backbone where nothing else is said.
_OUTPUT = "token_embeddings"
_HIDDEN_STATE = "last_hidden_state"


def check_prompts(folder):
    """Refuses a folder that puts something before every text.

    Args:
        folder: A `pathlib.Path`.

    Raises:
        ValueError: `config_sentence_transformers.json` has a default prompt.
    """
    path = folder / "config_sentence_transformers.json"
    settings = read_json(path, default={})
    name = settings.get("default_prompt_name")
    prompt = (settings.get("prompts") or {}).get(name)
    if prompt:
        raise ValueError(
            "`default_prompt_name` must be null: a mirror model takes texts "
            "as they are. Remove it and put the prompt before your texts "
            f"yourself. Received: default_prompt_name={name!r}, the prompt "
            f"{prompt!r}, in {path}"
        )


def read_sequence_length(folder, config):
    """The most tokens of a text, and whether the rest can be followed.

    Args:
        folder: A `pathlib.Path`, of the Transformer module.
        config: A dict, as `read_config` returns it.

    Returns:
        An integer, or `None` where the files leave it to the backbone.

    Raises:
        ValueError: The module does what a mirror model cannot.
    """
    paths = sorted(folder.glob("sentence_*_config.json"))
    settings = read_json(paths[0]) if paths else {}
    tokenizer = read_json(folder / "tokenizer_config.json", default={})
    _check_output(settings, folder)
    lowers = config.get("do_lower_case", tokenizer.get("do_lower_case"))
    if settings.get("do_lower_case") and not lowers:
        raise ValueError(
            "`do_lower_case` must be false, or the tokenizer must lower-case "
            f"texts itself. Received: do_lower_case=True in {paths[0]}"
        )
    length = settings.get("max_seq_length") or tokenizer.get("model_max_length")
    # transformers writes 1e30 where it does not know.
    is_length = isinstance(length, (int, float)) and length >= 3
    return int(length) if is_length else None


def _check_output(settings, folder):
    task = settings.get("transformer_task", "feature-extraction")
    text = (settings.get("modality_config") or {}).get("text") or {}
    received = {
        "transformer_task": (task, "feature-extraction"),
        "module_output_name": (
            settings.get("module_output_name", _OUTPUT),
            _OUTPUT,
        ),
        "method_output_name": (
            text.get("method_output_name", _HIDDEN_STATE),
            _HIDDEN_STATE,
        ),
    }
    for key, (value, expected) in received.items():
        if value != expected:
            raise ValueError(
                f"`{key}` must be {expected!r} to be loaded into a mirror "
                f"model. Received: {key}={value!r} in folder={folder}"
            )
