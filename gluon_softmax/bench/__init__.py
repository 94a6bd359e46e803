"""Contenders side by side in processes of their own: `gluon-softmax bench`.

The parent only starts processes and reads their answers; MXNet is never loaded in it.
"""
