#!/usr/bin/env python3
"""The yardstick models in PyTorch on the CPU: prints milliseconds per step and a digest of what was learnt, as JSON."""
import json, statistics, sys, time
import numpy as np
import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
BATCH, STEPS, INPUT, HIDDEN, NODES, WIDTH, LAYERS, LINKS, ROUNDS = 32, 24, 8, 32, 240, 16, 2, 1200, 300


class Draw:
    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return np.float32(self.state >> 40) / np.float32(1 << 24)

    def many(self, rows, columns, spread=1.0):
        numbers = [(self.unit() - np.float32(0.5)) * np.sqrt(np.float32(12)) * np.float32(spread) for _ in range(rows * columns)]
        return torch.tensor(np.array(numbers, dtype=np.float32)).reshape(rows, columns)

    def weight(self, rows, columns):
        spread = 0.0 if rows == 1 else np.sqrt(np.float32(2.0 / (rows + columns)))
        return torch.nn.Parameter(self.many(rows, columns, spread))


def timed(round):
    each = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        round()
        each.append((time.perf_counter() - began) * 1e3)
    return statistics.median(each)


def digest(weights):
    all = 0xcbf29ce484222325
    for weight in weights:
        for byte in weight.detach().numpy().astype("<f4").tobytes():
            all = ((all ^ byte) * 0x100000001b3) % 2**64
    return f"{all:x}"


def learning(weights, forward, target):
    descent = torch.optim.Adam(weights, lr=1e-3)
    last = [0.0]

    def round():
        loss = ((forward() - target) ** 2).mean()
        descent.zero_grad()
        loss.backward()
        descent.step()
        last[0] = loss.item()
    return timed(round), last[0]


def infer(forward):
    def round():
        with torch.no_grad():
            forward().numpy()
    return timed(round)


draw = Draw(1)
weights = [draw.weight(*size) for size in [(INPUT, 3 * HIDDEN), (HIDDEN, 2 * HIDDEN), (HIDDEN, HIDDEN), (1, 3 * HIDDEN), (HIDDEN, 1), (1, 1)]]
inputs = [draw.many(BATCH, INPUT) for _ in range(STEPS)]
target = draw.many(BATCH, 1)


def gru(inputs):
    w, u, c, b, out, offset = weights
    h = torch.zeros(inputs[0].shape[0], HIDDEN)
    for x in inputs:
        fed = x @ w + b
        gates = torch.sigmoid(h @ u + fed[:, :2 * HIDDEN])
        update, reset = gates[:, :HIDDEN], gates[:, HIDDEN:]
        candidate = torch.tanh((reset * h) @ c + fed[:, 2 * HIDDEN:])
        h = h + update * (candidate - h)
    return h @ out + offset


gru_train, gru_loss = learning(weights, lambda: gru(inputs), target)
one = [x[:1] for x in inputs]
answer = dict(gru_train_ms=gru_train, gru_infer_ms=infer(lambda: gru(inputs)), gru_one_ms=infer(lambda: gru(one)))
gru_digest = digest(weights)

# The library's own fused cell, which has one bias more; its speed, not its numbers, is what counts here.
cell, head = torch.nn.GRU(INPUT, HIDDEN), torch.nn.Linear(HIDDEN, 1)
whole = torch.stack(inputs)
fused = lambda: head(cell(whole)[0][-1])
answer["gru_fused_train_ms"], _ = learning([*cell.parameters(), *head.parameters()], fused, target)
answer["gru_fused_infer_ms"] = infer(fused)

draw = Draw(2)
layers = [[draw.weight(WIDTH, WIDTH), draw.weight(WIDTH, WIDTH), draw.weight(1, WIDTH)] for _ in range(LAYERS)]
out, offset = draw.weight(WIDTH, 1), draw.weight(1, 1)
x, target = draw.many(NODES, WIDTH), draw.many(NODES, 1)
pairs = [(int(draw.unit() * NODES), int(draw.unit() * NODES)) for _ in range(LINKS)]
count = np.bincount([to for _, to in pairs], minlength=NODES)
source, to = torch.tensor([pair[0] for pair in pairs]), torch.tensor([pair[1] for pair in pairs])
share = torch.tensor([[1.0 / count[pair[1]]] for pair in pairs], dtype=torch.float32)


def graph():
    h = x
    for own, passed, bias in layers:
        heard = torch.zeros_like(h).index_add(0, to, h[source] * share)
        h = torch.nn.functional.leaky_relu(h @ own + heard @ passed + bias, 0.1)
    return h @ out + offset


weights = [weight for layer in layers for weight in layer] + [out, offset]
answer["graph_train_ms"], graph_loss = learning(weights, graph, target)
answer["graph_infer_ms"] = infer(graph)
answer["losses"] = [gru_loss, graph_loss]
answer["digest"] = f"{gru_digest}-{digest(weights)}"
answer["version"] = torch.__version__
print(json.dumps(answer))
