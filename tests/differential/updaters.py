"""What steps after each batch.

Each updater is a function of the world that makes it, and is called with the batch
size. `GLUON` steps with trainers on parameters of Gluon's, `ARRAYS` on any arrays.
"""

from functools import partial

from mxnet import gluon, lr_scheduler, nd

LR = 0.1


def train(optimizer="sgd", part=slice(None), strict=False, **options):
    """Return what makes the step of a trainer."""
    options = {"learning_rate": LR, **options}

    def make(world):
        trainer = gluon.Trainer(world.params()[part], optimizer, dict(options))
        world.trainers.append(trainer)
        return trainer.step if strict else partial(trainer.step, ignore_stale_grad=True)

    return make


def update_in_two_parts(world):
    train()(world)
    (trainer,) = world.trainers

    def step(batch_size):
        trainer.allreduce_grads()
        trainer.update(batch_size, ignore_stale_grad=True)

    return step


def step_with_two(world):
    """Step with two trainers, each on parameters of its own."""
    first = train(part=slice(1))(world)
    others = train("adam", part=slice(1, None), epsilon=0.1)(world)
    return lambda batch_size: [first(batch_size), others(batch_size)]


def add_up(world):
    """Have gradients added up."""
    for param in world.params():
        if param.grad_req == "write":
            param.grad_req = "add"


def accumulate(world):
    """Add up the gradients of two batches before each step."""
    take_step = train()(world)
    add_up(world)

    def step(batch_size):
        if world.batch % 2:
            take_step(2 * batch_size)
            for param in world.params():
                param.zero_grad()

    return step


def decay(world):
    take_step = train()(world)

    def step(batch_size):
        take_step(batch_size)
        trainer = world.trainers[0]
        trainer.set_learning_rate(trainer.learning_rate / 2)

    return step


def step_each(change, world):
    """Return a step that changes one array after the other."""

    def step(batch_size):
        for number, array in enumerate(world.arrays()):
            change(world, array, batch_size, number)

    return step


def descend(world, array, batch_size, number):
    array[:] = array - LR * array.grad / batch_size


def limit(world, array, batch_size, number):
    descend(world, array, batch_size, number)
    array[:] = array.clip(-0.5, 0.5)


def rebind(world, array, batch_size, number):
    """Step to a new array, as ``W = W - lr * W.grad`` does."""
    world.replace(array, array - LR * array.grad / batch_size)


def clip_norm(world, array, batch_size, number):
    """Step with a gradient whose norm is bounded."""
    norm = array.grad.norm().asscalar()
    array.grad[:] *= min(1, 0.5 / (norm + 1e-3))
    descend(world, array, batch_size, number)


def sum_gradients(world, array, batch_size, number):
    world.memory[number] = world.memory.get(number, 0) + array.grad
    world.kept[number:] = [world.memory[number]]


def step_with_momentum(world, array, batch_size, number):
    last = world.memory.get(number, nd.zeros_like(array))
    world.memory[number] = 0.5 * last - LR * array.grad / batch_size
    array[:] = array + world.memory[number]


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
    "scheduled": lambda world: train(
        lr_scheduler=lr_scheduler.FactorScheduler(2, 0.5, base_lr=LR)
    )(world),
    "strict": train(strict=True),
    "two parts": update_in_two_parts,
    "half": train(part=slice(None, None, 2)),
    "two trainers": step_with_two,
    "accumulated": accumulate,
    "decaying": decay,
}

STEPS = {
    "descent": descend,
    "limited": limit,
    "rebinding": rebind,
    "norm clipped": clip_norm,
    "summed gradients": sum_gradients,
    "descent with momentum": step_with_momentum,
}

ARRAYS = {"nothing": lambda world: lambda batch_size: None}
ARRAYS |= {name: partial(step_each, change) for name, change in STEPS.items()}
