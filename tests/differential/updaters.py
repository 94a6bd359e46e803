"""What steps after each batch.

Each updater is a function of the world that makes it, and is called with the batch
size. `GLUON` steps with trainers on parameters of Gluon's, `ARRAYS` on any arrays.
"""

from __future__ import annotations

from functools import partial

from mxnet import gluon, lr_scheduler, nd

LR = 0.1


def make_trainer(world, optimizer, params=None, **options):
    """Make a trainer, which the world then knows."""
    if "lr_scheduler" not in options:
        options.setdefault("learning_rate", LR)
    params = world.params() if params is None else params
    world.trainers.append(gluon.Trainer(params, optimizer, options))
    return world.trainers[-1]


def train(optimizer="sgd", **options):
    """Return a function that makes the step of a trainer."""

    def make(world):
        step = make_trainer(world, optimizer, **options).step
        return partial(step, ignore_stale_grad=True)

    return make


def schedule(world):
    """Step with a learning rate that falls."""
    return train(lr_scheduler=lr_scheduler.FactorScheduler(2, 0.5, base_lr=LR))(world)


def step_strictly(world):
    """Step as Gluon does by itself: it fails where a parameter has no new gradient."""
    return make_trainer(world, "sgd").step


def update_in_two_parts(world):
    """Step by the two halves of `Trainer.step`."""
    trainer = make_trainer(world, "sgd")

    def step(batch_size):
        trainer.allreduce_grads()
        trainer.update(batch_size, ignore_stale_grad=True)

    return step


def step_on_half(world):
    """Step on every other parameter."""
    trainer = make_trainer(world, "sgd", world.params()[::2])
    return partial(trainer.step, ignore_stale_grad=True)


def step_with_two(world):
    """Step with two trainers, each on parameters of its own."""
    params = world.params()
    trainers = [
        make_trainer(world, "sgd", params[:1]),
        make_trainer(world, "adam", params[1:], epsilon=0.1),
    ]
    return lambda batch_size: [t.step(batch_size, True) for t in trainers]


def accumulate(world):
    """Add up the gradients of two batches before each step."""
    trainer = make_trainer(world, "sgd")
    for param in world.params():
        if param.grad_req == "write":
            param.grad_req = "add"

    def step(batch_size):
        if world.batch % 2:
            trainer.step(2 * batch_size, ignore_stale_grad=True)
            for param in world.params():
                param.zero_grad()

    return step


def decay(world):
    """Lower the learning rate at each step."""
    trainer = make_trainer(world, "sgd")

    def step(batch_size):
        trainer.step(batch_size, ignore_stale_grad=True)
        trainer.set_learning_rate(trainer.learning_rate / 2)

    return step


def descend(world):
    """Step from scratch, in place."""

    def step(batch_size):
        for array in world.arrays():
            array[:] = array - LR * array.grad / batch_size

    return step


def limit(world):
    """Step from scratch, and keep the weights small."""
    descent = descend(world)

    def step(batch_size):
        descent(batch_size)
        for array in world.arrays():
            array[:] = array.clip(-0.5, 0.5)

    return step


def rebind(world):
    """Step from scratch to new arrays, as ``W = W - lr * W.grad`` does."""

    def step(batch_size):
        for array in world.arrays():
            world.replace(array, array - LR * array.grad / batch_size)

    return step


def clip_norm(world):
    """Step from scratch with gradients whose norm is bounded."""
    descent = descend(world)

    def step(batch_size):
        for array in world.arrays():
            norm = array.grad.norm().asscalar()
            array.grad[:] *= min(1, 0.5 / (norm + 1e-3))
        descent(batch_size)

    return step


def sum_gradients(world):
    """Add the gradients up, and step nowhere."""
    sums = {}

    def step(batch_size):
        for number, array in enumerate(world.arrays()):
            sums[number] = sums.get(number, 0) + array.grad
        world.kept[:] = list(sums.values())

    return step


def step_with_momentum(world):
    """Step from scratch with momentum."""
    velocities = {}

    def step(batch_size):
        for number, array in enumerate(world.arrays()):
            last = velocities.get(number, nd.zeros_like(array))
            velocities[number] = 0.5 * last - LR * array.grad / batch_size
            array[:] = array + velocities[number]

    return step


GLUON = {
    "sgd": train(),
    "momentum": train(momentum=0.9),
    "weight decay": train(wd=0.1),
    "clipped": train(clip_gradient=0.1),
    "nag": train("nag", momentum=0.5),
    "adam": train("adam", epsilon=0.1),
    "adagrad": train("adagrad", eps=0.1),
    "rmsprop": train("rmsprop", epsilon=0.1),
    "adadelta": train("adadelta", epsilon=0.1),
    "scheduled": schedule,
    "strict": step_strictly,
    "two parts": update_in_two_parts,
    "half": step_on_half,
    "two trainers": step_with_two,
    "accumulated": accumulate,
    "decaying": decay,
}

ARRAYS = {
    "descent": descend,
    "nothing": lambda world: lambda batch_size: None,
    "limited": limit,
    "rebinding": rebind,
    "norm clipped": clip_norm,
    "summed gradients": sum_gradients,
    "descent with momentum": step_with_momentum,
}
