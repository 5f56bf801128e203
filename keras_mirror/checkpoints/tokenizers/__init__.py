"""Files of the tokenizers library, made keras-hub's tokenizers."""
