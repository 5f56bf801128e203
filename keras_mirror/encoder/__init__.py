"""From any text backbone of keras-hub to one embedding per text."""
