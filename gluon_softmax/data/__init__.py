"""Section 3.5: from IDX files to mini-batches."""
