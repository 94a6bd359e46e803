"""Long trainings: settings, checkpoints, several processes."""
