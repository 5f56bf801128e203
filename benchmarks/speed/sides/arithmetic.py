"""What the products with weights cost, counted: padding is not."""

import numpy as np


def num_real_tokens(model, strings, views=(1, 2)):
    """Tokens of these views of all strings."""
    views = model.preprocessor.views(strings, views)
    return sum(int(np.sum(view["padding_mask"])) for view in views)


def forward_flops(backbone, num_tokens):
    """Floating-point operations of one pass, two a weight and token."""
    hidden, inner = backbone.hidden_dim, backbone.intermediate_dim
    per_token = backbone.num_layers * (4 * hidden**2 + 2 * hidden * inner)
    return 2 * per_token * num_tokens
