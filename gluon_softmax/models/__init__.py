"""What training leaves: the model as arrays, other formats, a comparison's files."""
