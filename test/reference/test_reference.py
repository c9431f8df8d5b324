"""The judge is judged: its gradients against central differences of its own loss."""
import numpy as np
import pytest

from network import random_network


@pytest.mark.parametrize("seed", range(6))
def test_gradients_are_differences(seed):
    net, output, labels = random_network(seed)
    net.loss(output, labels)
    gradients = {name: value.copy() for name, value in net.parameter_gradients.items()}
    random = np.random.default_rng(seed)

    def loss_with(name, index, change):
        # The network is evaluated while it is built, so it is built again with one parameter changed.
        original = type(net)._parameter

        def changed(self, key, shape, scale):
            value = original(self, key, shape, scale)
            if key == name:
                value = value.copy()
                value[index] += change
            return value

        type(net)._parameter = changed
        try:
            again, end, same = random_network(seed)
            return again.loss(end, same)
        finally:
            type(net)._parameter = original

    for name, gradient in gradients.items():
        index = tuple(int(random.integers(0, extent)) for extent in gradient.shape)
        step = 1e-6
        difference = (loss_with(name, index, step) - loss_with(name, index, -step)) / (2 * step)
        assert difference == pytest.approx(gradient[index], rel=1e-4, abs=1e-7), name
