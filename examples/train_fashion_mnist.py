#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
"""Trains the 784-256-128-10 ReLU network that examples/compare_formats reads.

Fashion-MNIST comes from Debian's package dataset-fashion-mnist, or from any folder with the same four .gz files (--data).
Pixels are scaled to 0..1 and nothing else is done to them. The result is a safetensors file of float32 tensors
fc1.weight [256,784], fc1.bias [256], fc2.weight [128,256], fc2.bias [128], fc3.weight [10,128], fc3.bias [10].

Needs PyTorch (Debian: python3-torch; version 1.13 trained the committed file) and a few minutes on two free cores. The seed
and the number of threads are fixed; another PyTorch or processor may still sum in another order and give other last bits.

    ./examples/train_fashion_mnist.py --out examples/data/fashion_mnist_mlp.safetensors
"""

import argparse
import gzip
import json
import math
import os
import struct
import sys

import torch

LAYERS = [784, 256, 128, 10]


def read_idx(path, magic, dims):
    """Reads a gzipped IDX file of bytes; magic is 2051 for images and 2049 for labels, dims the expected sizes."""
    try:
        with gzip.open(path, "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        sys.exit(f"{path}: not found (Debian's package dataset-fashion-mnist provides it; --data names another folder)")
    header = struct.unpack(f">{1 + len(dims)}I", raw[: 4 + 4 * len(dims)])
    if header != (magic, *dims):
        sys.exit(f"{path}: header {header}, expected {(magic, *dims)}")
    body = bytearray(raw[4 + 4 * len(dims):])
    if len(body) != math.prod(dims):
        sys.exit(f"{path}: {len(body)} bytes of data, expected {math.prod(dims)}")
    return torch.frombuffer(body, dtype=torch.uint8)


def load(folder, prefix, count):
    images = read_idx(os.path.join(folder, f"{prefix}-images-idx3-ubyte.gz"), 2051, (count, 28, 28))
    labels = read_idx(os.path.join(folder, f"{prefix}-labels-idx1-ubyte.gz"), 2049, (count,))
    return images.reshape(count, 784, 1, 1).to(torch.float32) / 255.0, labels.to(torch.int64)


def write_safetensors(path, tensors, metadata):
    """All tensors are float32, so the format's order (dtype first, then name) is the order of the names."""
    header, body = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        values = tensors[name].detach().to(torch.float32).flatten().tolist()
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
    os.replace(path + ".part", path)


def accuracy(model, images, labels):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist", help="folder of the four .gz files")
    parser.add_argument("--out", default="fashion_mnist_mlp.safetensors")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)

    train_x, train_y = load(args.data, "train", 60000)
    test_x, test_y = load(args.data, "t10k", 10000)

    # A 1x1 convolution of a 1x1 image is a fully connected layer. Written so, it runs on oneDNN, where Debian's PyTorch runs
    # Linear on whichever BLAS the machine has; on the reference BLAS that takes eight times as long.
    model = torch.nn.Sequential()
    for i, (n_in, n_out) in enumerate(zip(LAYERS, LAYERS[1:]), start=1):
        model.add_module(f"fc{i}", torch.nn.Conv2d(n_in, n_out, 1))
        if i + 1 < len(LAYERS):
            model.add_module(f"relu{i}", torch.nn.ReLU())
    model.add_module("flatten", torch.nn.Flatten())

    batch = 128
    steps = args.epochs * math.ceil(len(train_x) / batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(args.epochs):
        total = 0.0
        for rows in torch.randperm(len(train_x)).split(batch):
            loss = torch.nn.functional.cross_entropy(model(train_x[rows]), train_y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1:2}/{args.epochs}  loss {total / len(train_x):.4f}  test {accuracy(model, test_x, test_y):.4f}",
              flush=True)

    final = accuracy(model, test_x, test_y)
    tensors = {name: value.flatten(1) if name.endswith("weight") else value for name, value in model.state_dict().items()}
    write_safetensors(args.out, tensors, {
        "model": "784-256-128-10 ReLU network, Fashion-MNIST, pixels scaled to 0..1",
        "script": "examples/train_fashion_mnist.py",
        "seed": str(args.seed),
        "epochs": str(args.epochs),
        "test_accuracy": f"{final:.4f}",
        "torch": torch.__version__,
        "license": "Apache-2.0",
    })
    print(f"{args.out}: {os.path.getsize(args.out)} bytes, test accuracy {final:.4f}")


if __name__ == "__main__":
    main()
