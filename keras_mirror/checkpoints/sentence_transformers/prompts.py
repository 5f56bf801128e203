import pathlib

from keras_mirror.files import read_json

SETTINGS_FILE = "config_sentence_transformers.json"


def read_prompts(folder: pathlib.Path, pooling: pathlib.Path) -> dict:
    """Reads the prompts of a sentence-transformers folder.

    Args:
        folder: A `pathlib.Path`.
        pooling: A `pathlib.Path`, the folder of its Pooling module.

    Returns:
        A dict of `"prompts"` and `"default_prompt_name"`, see
        `MirrorPreprocessor`.

    Raises:
        ValueError: The prompts are damaged, or the pooling leaves out their
            tokens, which a mirror model cannot do.

    Reference:
        - [Prompts in sentence-transformers](https://sbert.net/examples/sentence_transformer/applications/computing-embeddings/README.html#prompt-templates)
    """  # noqa: E501
    path = folder / SETTINGS_FILE
    settings = read_json(path, default={})
    prompts = settings.get("prompts") or {}
    name = settings.get("default_prompt_name")
    is_valid = isinstance(prompts, dict) and (
        all(isinstance(text, str) for text in prompts.values())
        and (name is None or name in list(prompts))
    )
    if not is_valid:
        raise ValueError(
            f"'{path}' must hold `prompts`, an object from names to strings, "
            "and `default_prompt_name`, one of these names or null. "
            f"Received: prompts={prompts!r}, default_prompt_name={name!r}"
        )
    includes = read_json(pooling / "config.json").get("include_prompt", True)
    if any(prompts.values()) and not includes:
        raise ValueError(
            "`include_prompt` of a Pooling module must be true: a mirror "
            "model pools the tokens of a prompt too. "
            f"Received: include_prompt={includes!r} in {pooling}"
        )
    return {"prompts": prompts, "default_prompt_name": name}
