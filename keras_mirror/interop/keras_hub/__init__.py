"""keras-hub's own tasks and presets."""
