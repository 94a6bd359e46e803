"""Files that appear whole or not at all, arrays and JSON read with care."""
