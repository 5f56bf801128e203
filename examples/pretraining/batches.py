"""Token rows become batches of a masked language model."""

import keras_hub
import tensorflow as tf

MASK_RATE = 0.2  # Wettig et al., 2023: small budgets want more than BERT's 0.15


def masked_batches(rows, tokenizer, batch_size, first_step=None):
    """Batches of features, of token ids to find, and of their weights.

    Args:
        rows: Array of token ids of shape `(num_rows, row_length)`.
        tokenizer: A `keras_hub.tokenizers.BertTokenizer`.
        batch_size: Integer. Rows that fill no batch are left out.
        first_step: Integer, the number of batches to leave out at the start of
            endless batches. Defaults to `None`: every row once.

    Returns:
        A `tf.data.Dataset`.
    """
    row_length = rows.shape[1]
    mask = mask_generator(tokenizer, row_length)

    def read(index):
        start = index * batch_size
        return rows[start : start + batch_size].astype("int32")

    def read_batch(index):
        token_ids = tf.numpy_function(read, [index], tf.int32)
        return tf.ensure_shape(token_ids, [batch_size, row_length])

    def features(token_ids):
        is_token = token_ids != tokenizer.pad_token_id
        masked = mask(token_ids)
        inputs = {
            "token_ids": masked["token_ids"],
            "segment_ids": tf.zeros_like(token_ids),
            "padding_mask": tf.cast(is_token, "int32"),
            "mask_positions": masked["mask_positions"],
        }
        return inputs, masked["mask_ids"], masked["mask_weights"]

    indices = tf.data.Dataset.range(len(rows) // batch_size)
    if first_step is not None:
        indices = indices.repeat().skip(first_step)
    # Row by row: in a batch TensorFlow Text 2.21 masks the rows side by side,
    # and which one gets the next random numbers differs from run to run.
    masked_rows = indices.map(read_batch).unbatch().map(features)
    return masked_rows.batch(batch_size, drop_remainder=True).prefetch(8)


def mask_generator(tokenizer, row_length):
    return keras_hub.layers.MaskedLMMaskGenerator(
        vocabulary_size=tokenizer.vocabulary_size(),
        mask_selection_rate=MASK_RATE,
        mask_selection_length=int(MASK_RATE * row_length) + 1,
        mask_token_id=tokenizer.mask_token_id,
        unselectable_token_ids=[
            tokenizer.pad_token_id,
            tokenizer.cls_token_id,
            tokenizer.sep_token_id,
        ],
    )
