def check_enough(found, number, kind):
    """Refuses to train on more devices than there are.

    Args:
        found: Integer, how many there are.
        number: Integer, how many are wanted.
        kind: String, what they are, for the message.

    Raises:
        ValueError: There are too few.

    Example:

    >>> check_enough(2, 2, "GPUs")
    """
    if found < number:
        raise ValueError(
            f"`devices` must be at most {found}, the number of {kind} here. "
            f"Received: devices={number}"
        )
