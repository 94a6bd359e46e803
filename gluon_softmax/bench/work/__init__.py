"""The children's side: what each contender of this interpreter does.

A function ``prepare_...`` takes the file that `arrays.write_arrays` wrote, and returns
the work that is timed: a call does all of it, waits for its end, and returns figures.
"""
