"""Encoders for inference only, run by OpenVINO without importing Keras."""
