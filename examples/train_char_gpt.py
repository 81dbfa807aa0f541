#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
"""Trains the small character-level GPT of examples/networks and writes the files of it in examples/data.

The text is the King James Version of the Bible, which is in the public domain; Debian's package bible-kjv prints it. One line
is one verse, without its number. The book of Daniel is held out; everything else is trained on. Files, in the folder of --out:

    char_gpt.safetensors            the network, FP16; "vocabulary" holds the bytes that the characters stand for
    char_gpt_reference.safetensors  logits of a few positions and the held-out perplexity, from the FP16 weights in float64
    kjv_held_out.txt                the book of Daniel
    kjv_calibration.txt             64 pieces of 1,024 characters, spread evenly over the text that was trained on

Four pre-norm layers of width 128 with four heads, an MLP of 512 with GELU (its tanh form), RMS norms with gains, learned
positions, no biases, 128 characters of context. Windows of 128 characters follow one another without overlap, each position
predicts the next character, and perplexity is exp of the mean loss over the first 16,384 predictions. The committed network
reaches 3.42.

Needs PyTorch (Debian: python3-torch; version 1.13 trained the committed file), OpenBLAS, which Debian's PyTorch takes where it
is installed, and ten to twenty-five minutes on two cores. The seed and the number of threads are fixed; another PyTorch or
processor may still sum in another order and give other weights, as good but not the same.

    ./examples/train_char_gpt.py --out examples/data
"""

import argparse
import json
import math
import os
import re
import struct
import subprocess
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # else waiting threads take the processors from OpenBLAS's; read by the import below

import torch
from torch.nn import functional

LAYERS, WIDTH, HEADS, HIDDEN, CONTEXT = 4, 128, 4, 512, 128
HELD_OUT_BOOK = "Dan"
EPSILON = 1e-5
EVALUATED = 16384
REFERENCE_POSITIONS = [0, 1, 17, 64, 127]


def read_text():
    """The verses of the held-out book and all others, each as one string, a verse a line."""
    try:
        printed = subprocess.run(["bible", "-f", "gen1:1-rev22:21"], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit("bible: not found (Debian's package bible-kjv provides it)")
    held_out, others = [], []
    for line in printed.splitlines():
        verse = re.fullmatch(r"(\d?[A-Za-z]+)\d+:\d+ (.*)", line)
        if verse is None:
            sys.exit(f"bible: a line that is no verse: {line!r}")
        (held_out if verse[1] == HELD_OUT_BOOK else others).append(verse[2].strip() + "\n")
    return "".join(held_out), "".join(others)


class Network:
    """The weights, and what they make of characters. Written out, so that examples/networks can be read beside it."""

    def __init__(self, characters):
        def normal(*shape, deviation=0.02):
            return torch.randn(*shape) * deviation

        self.tensors = {"embed_tokens.weight": normal(characters, WIDTH), "embed_positions.weight": normal(CONTEXT, WIDTH)}
        into_residual = 0.02 / math.sqrt(2 * LAYERS)
        for n in range(LAYERS):
            layer = f"layers.{n}."
            self.tensors[layer + "input_norm.weight"] = torch.ones(WIDTH)
            for name in "qkv":
                self.tensors[layer + f"self_attn.{name}_proj.weight"] = normal(WIDTH, WIDTH)
            self.tensors[layer + "self_attn.o_proj.weight"] = normal(WIDTH, WIDTH, deviation=into_residual)
            self.tensors[layer + "post_attention_norm.weight"] = torch.ones(WIDTH)
            self.tensors[layer + "mlp.up_proj.weight"] = normal(HIDDEN, WIDTH)
            self.tensors[layer + "mlp.down_proj.weight"] = normal(WIDTH, HIDDEN, deviation=into_residual)
        self.tensors["norm.weight"] = torch.ones(WIDTH)
        self.tensors["lm_head.weight"] = normal(characters, WIDTH)
        self.mask = torch.full((CONTEXT, CONTEXT), -math.inf).triu(1)

    def norm(self, name, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * self.tensors[name + ".weight"]

    def linear(self, name, x):
        return x @ self.tensors[name + ".weight"].t()

    def logits(self, tokens):
        """tokens [windows, length] to logits [windows, length, characters]."""
        windows, length = tokens.shape
        mask = self.mask[:length, :length].to(self.tensors["norm.weight"].dtype)
        x = functional.embedding(tokens, self.tensors["embed_tokens.weight"]) + self.tensors["embed_positions.weight"][:length]
        for n in range(LAYERS):
            layer = f"layers.{n}."
            y = self.norm(layer + "input_norm", x)
            q, k, v = (self.linear(layer + f"self_attn.{name}_proj", y).view(windows, length, HEADS, -1).transpose(1, 2)
                       for name in "qkv")
            weights = (q @ k.transpose(2, 3) / math.sqrt(WIDTH / HEADS) + mask).softmax(-1)
            y = (weights @ v).transpose(1, 2).reshape(windows, length, WIDTH)
            x = x + self.linear(layer + "self_attn.o_proj", y)
            y = self.norm(layer + "post_attention_norm", x)
            y = functional.gelu(self.linear(layer + "mlp.up_proj", y), approximate="tanh")
            x = x + self.linear(layer + "mlp.down_proj", y)
        return self.linear("lm_head", self.norm("norm", x))

    def perplexity(self, tokens):
        """Of the first EVALUATED predictions."""
        inputs, targets = tokens[:EVALUATED].view(-1, CONTEXT), tokens[1:EVALUATED + 1].view(-1, CONTEXT)
        loss = 0.0
        with torch.no_grad():
            for x, y in zip(inputs.split(16), targets.split(16)):
                loss += functional.cross_entropy(self.logits(x).flatten(0, 1), y.flatten(), reduction="sum").item()
        return math.exp(loss / EVALUATED)


def train(network, tokens, held_out, steps, batch):
    for tensor in network.tensors.values():
        tensor.requires_grad_()
    matrices = [t for name, t in network.tensors.items() if t.dim() == 2 and not name.startswith("embed")]
    others = [t for name, t in network.tensors.items() if t.dim() == 1 or name.startswith("embed")]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  lr=1.0, betas=(0.9, 0.98))
    highest, warm_up = 3e-3, 100
    start, total = time.time(), 0.0
    for step in range(steps):
        rate = highest * min((step + 1) / warm_up, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        first = torch.randint(len(tokens) - CONTEXT, (batch, 1))
        window = tokens[first + torch.arange(CONTEXT + 1)]
        loss = functional.cross_entropy(network.logits(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(network.tensors.values()), 1.0)
        optimizer.step()
        total += loss.item()
        if (step + 1) % 100 == 0:
            message = f"step {step + 1:5}/{steps}  loss {total / 100:.4f}  {time.time() - start:.0f} s"
            if (step + 1) % 500 == 0:
                message += f"  held-out perplexity {network.perplexity(held_out):.4f}"
            print(message, flush=True)
            total = 0.0
    for tensor in network.tensors.values():
        tensor.requires_grad_(False)


def write_safetensors(path, tensors, metadata):
    """Larger types first, then by name, which is the format's order."""
    types = {torch.float64: ("F64", "d"), torch.int64: ("I64", "q"), torch.float32: ("F32", "f"), torch.float16: ("F16", "e"),
             torch.uint8: ("U8", "B")}
    header, body = {"__metadata__": metadata}, b""
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        dtype, code = types[tensors[name].dtype]
        values = tensors[name].flatten().tolist()
        data = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": dtype, "shape": list(tensors[name].shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write(path, struct.pack("<Q", len(text)) + text + body)


def write(path, data):
    with open(path + ".part", "wb") as file:
        file.write(data)
    os.replace(path + ".part", path)
    print(f"{path}: {len(data)} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=".", help="folder of the four files")
    parser.add_argument("--steps", type=int, default=3500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)

    held_out_text, text = read_text()
    vocabulary = sorted(set(held_out_text + text))
    index = {character: n for n, character in enumerate(vocabulary)}
    tokens = torch.tensor([index[c] for c in text])
    held_out = torch.tensor([index[c] for c in held_out_text])
    print(f"{len(text)} characters, {len(held_out_text)} held out, {len(vocabulary)} different ones", flush=True)

    network = Network(len(vocabulary))
    print(f"{sum(t.numel() for t in network.tensors.values())} parameters", flush=True)
    train(network, tokens, held_out, args.steps, args.batch)

    halves = {name: tensor.to(torch.float16) for name, tensor in network.tensors.items()}
    network.tensors = {name: tensor.to(torch.float64) for name, tensor in halves.items()}
    reached = network.perplexity(held_out)
    with torch.no_grad():
        logits = network.logits(held_out[:2 * CONTEXT].view(2, CONTEXT))[:, REFERENCE_POSITIONS]

    metadata = {
        "model": "character-level GPT: 4 layers, width 128, 4 heads, context 128, RMS norms, GELU (tanh form)",
        "script": "examples/train_char_gpt.py",
        "text": "King James Version without the book of Daniel (public domain)",
        "seed": str(args.seed),
        "steps": str(args.steps),
        "batch": str(args.batch),
        "held_out_perplexity": f"{reached:.4f}",
        "torch": torch.__version__,
        "license": "Apache-2.0",
    }
    os.makedirs(args.out, exist_ok=True)
    halves["vocabulary"] = torch.tensor([ord(c) for c in vocabulary], dtype=torch.uint8)
    write_safetensors(os.path.join(args.out, "char_gpt.safetensors"), halves, metadata)
    write_safetensors(os.path.join(args.out, "char_gpt_reference.safetensors"), {
        "logits": logits.to(torch.float32),
        "positions": torch.tensor(REFERENCE_POSITIONS),
        "perplexity": torch.tensor([reached], dtype=torch.float64),
    }, {"script": "examples/train_char_gpt.py",
        "logits": "of these positions of the first two windows of kjv_held_out.txt, computed in float64",
        "perplexity": f"of the first {EVALUATED} predictions in kjv_held_out.txt, computed in float64"})
    pieces, size = 64, 1024
    starts = [n * (len(text) - size) // (pieces - 1) for n in range(pieces)]
    write(os.path.join(args.out, "kjv_calibration.txt"), "".join(text[s:s + size] for s in starts).encode())
    write(os.path.join(args.out, "kjv_held_out.txt"), held_out_text.encode())
    print(f"held-out perplexity of the FP16 weights: {reached:.4f}")


if __name__ == "__main__":
    main()
