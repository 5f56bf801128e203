"""ONNX files, written."""
