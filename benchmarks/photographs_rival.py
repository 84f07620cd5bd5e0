"""The plain PyTorch CVAE of `photographs.py`: strided convolutions, batch norm, 64 latents.

Runs in an environment of its own (photographs-requirements.txt), and prints one line of JSON.

    python benchmarks/photographs_rival.py --data photographs.npz --seconds 300 --threads 2
"""

import argparse
import json
import math
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

HALF_LEVEL = 0.5 / 255


class PlainCVAE(nn.Module):
    """q(z | x, y) and p(x | z, y): three strided convolutions and as many transposed ones."""

    def __init__(self, num_classes: int, latents: int, likelihood: str, widths=(32, 64, 128)):
        super().__init__()
        self.likelihood, self.num_classes, self.last = likelihood, num_classes, widths[-1]
        layers, before = [], 3 + num_classes
        for width in widths:
            layers += [nn.Conv2d(before, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        self.encoder = nn.Sequential(*layers, nn.Flatten())
        self.posterior = nn.Linear(16 * before, 2 * latents)
        self.first = nn.Linear(latents + num_classes, 16 * before)
        layers = []
        for width in (*widths[-2::-1], None):
            layers += [nn.ConvTranspose2d(before, width or 3, 4, 2, 1)]
            if width:
                layers += [nn.BatchNorm2d(width), nn.ReLU()]
                before = width
        self.decoder = nn.Sequential(*layers)
        # of the discretised logistic: one for each channel
        self.log_scale = nn.Parameter(torch.full((3, 1, 1), -2.0))

    def forward(self, x, y, sampled=True):
        """The bound's parts for each image, nats, and the expected x."""
        one_hot = F.one_hot(y, self.num_classes).float()
        planes = one_hot[:, :, None, None].expand(-1, -1, *x.shape[2:])
        mean, logvar = self.posterior(self.encoder(torch.cat([x, planes], 1))).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp() if sampled else mean
        hidden = self.first(torch.cat([z, one_hot], 1)).view(-1, self.last, 4, 4)
        out = self.decoder(hidden)
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(1)
        if self.likelihood == "bernoulli":
            loss = F.binary_cross_entropy_with_logits(out, x, reduction="none")
            return loss.sum((1, 2, 3)), kl, torch.sigmoid(out)
        out = torch.sigmoid(out)
        return -self.log_levels(x, out).sum((1, 2, 3)), kl, out

    def log_levels(self, x, mean):
        """Log-probability of 8-bit levels under a discretised logistic."""
        precision = torch.exp(-self.log_scale)
        upper = (x + HALF_LEVEL - mean) * precision
        lower = (x - HALF_LEVEL - mean) * precision
        below, above = F.logsigmoid(upper), F.logsigmoid(-lower)
        between = below + above + torch.log(-torch.expm1(-2 * HALF_LEVEL * precision))
        mass = torch.where(x > 1 - HALF_LEVEL, above, between)
        return torch.where(x < HALF_LEVEL, below, mass)


def evaluated(model, x, y):
    """Mean -ELBO, KL and PSNR of reconstructions from the posterior's mean."""
    model.eval()
    losses, kls, errors = [], [], []
    with torch.no_grad():
        for first in range(0, len(x), 500):
            part, labels = x[first : first + 500].float() / 255, y[first : first + 500]
            loss, kl, _ = model(part, labels)
            _, _, mean = model(part, labels, sampled=False)
            losses.append(loss + kl)
            kls.append(kl)
            errors.append(((mean - part) ** 2).mean((1, 2, 3)))
    model.train()
    return {
        "elbo_loss": float(torch.cat(losses).mean()),
        "kl": float(torch.cat(kls).mean()),
        "psnr": float((-10 * torch.log10(torch.cat(errors))).mean()),
        "bits_per_dim": float(torch.cat(losses).mean()) / (math.log(2) * x[0].numel()),
    }


def main() -> None:
    """Train for so many CPU seconds, imports included, then judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--epochs", type=int, help="in place of --seconds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--likelihood", choices=("bernoulli", "logistic"), default="bernoulli")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--latents", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--split", choices=("val", "test"), default="test")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    data = np.load(args.data)
    x, y = (torch.from_numpy(data[f"{name}_train"]) for name in "xy")
    x = x.permute(0, 3, 1, 2).contiguous()
    model = PlainCVAE(int(y.max()) + 1, args.latents, args.likelihood)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
    epochs, last, times = 0, 0.0, []
    while epochs < args.epochs if args.epochs else time.process_time() + last < args.seconds:
        start, clock = time.process_time(), time.perf_counter()
        order = torch.randperm(len(x))
        for first in range(0, len(x), args.batch):
            rows = order[first : first + args.batch]
            loss, kl, _ = model(x[rows].float() / 255, y[rows])
            optimizer.zero_grad()
            (loss + kl).mean().backward()
            optimizer.step()
        epochs += 1
        last = time.process_time() - start
        times.append(time.perf_counter() - clock)
    cpu = time.process_time()
    x_judged = torch.from_numpy(data[f"x_{args.split}"]).permute(0, 3, 1, 2).contiguous()
    figures = evaluated(model, x_judged, torch.from_numpy(data[f"y_{args.split}"]))
    figures |= {
        "parameters": sum(p.numel() for p in model.parameters()),
        "epochs": epochs,
        "cpu_s": cpu,
        "s_an_epoch": float(np.median(times)),
        **{
            name: getattr(args, name) for name in ("likelihood", "rate", "threads", "seed", "split")
        },
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
