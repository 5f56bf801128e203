def encode_locally(plan, writer, finished):
    """Encodes shards in this process, one after the other.

    Args:
        plan: A `ShardPlan`.
        writer: A `ShardWriter`.
        finished: Set of names of shards to leave out.

    Yields:
        Integers, the number of texts of each shard.
    """
    for number in range(len(plan.paths)):
        yield from map(writer, plan.shards(number, finished))
