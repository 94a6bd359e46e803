"""A finished comparison as one self-contained page: data, template, command."""
