"""Files of the tokenizers library, made tokenizers of ours."""
