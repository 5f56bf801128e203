"""Encoders that only encode, run by OpenVINO, without Keras on import."""
