"""The children's side: what each contender of this interpreter does."""
