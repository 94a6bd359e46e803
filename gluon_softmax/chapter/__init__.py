"""The lesson, as the book writes it.

======= ==================================================== =================
section what                                                 file
======= ==================================================== =================
3.4     softmax and cross-entropy                            `scratch`
3.6.1-5 parameters, softmax, net, loss; gradient descent     `scratch`
3.6.6   accuracy                                             `evaluation`
3.6.7   the training loop, `train_ch3`                       `training`
3.7     the same from Gluon's parts                          `concise`
3.9     multilayer perceptron from scratch                   `perceptron`
7.4     momentum                                             `scratch`
======= ==================================================== =================

Beyond the book: `handmade` derives the gradient in NumPy, `networks` has deeper nets,
`second_edition` the calls of the book's second edition, and `versions`, `compare` and
`report` set three implementations against each other. What the loop leans on, and a
reader need not know, is in `progress`, `results` and `mistakes`.
"""
