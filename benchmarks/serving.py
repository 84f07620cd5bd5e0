"""`condvae serve` beside the same server with onnxruntime, and ten minutes of load with faults.

Preset `plane` after two epochs of MNIST (`$CONDVAE_DATA`), or a run of yours. Speed: one server for
each engine, both up at once; rounds go to one and to the other in turn. A request asks for one
image as .npy, from one client and from 64, which share the machine's cores with the server. Load:
well-behaved clients, whose answers are compared byte by byte with those of an idle server, beside
clients that reset their connections, send slowly, say nothing, or send too much. Writes its
sections of docs/performance.md.

    pip install '.[serve,export]'
    python benchmarks/serving.py [--run RUN] [--seconds 5] [--rounds 5] [--load 600]
"""

import argparse
import asyncio
import itertools
import json
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from floor import machine
from sections import write_section
from threadpoolctl import threadpool_limits

ENGINES = ("NumPy", "onnxruntime")
CLIENTS = (1, 64)
BODY_BYTES, BODY_SECONDS = 2**16, 3.0  # of the server under load
LABELS, SEEDS = 10, 20  # of the requests under load
GOOD, FAULTY = 16, 4  # clients of each kind


class OnnxEngine:
    """The run's decoder in onnxruntime, on the thread that asks."""

    names = frozenset({"draw_prior", "decode"})

    def __init__(self, run):
        import onnxruntime

        from condvae.export.onnx import to_onnx
        from condvae.graph.stored import read_weights

        graph = run.graphs["decoder"].only("x_mean")
        model = to_onnx(graph, read_weights(graph, run.stored_weights(), "decoder"), "decoder")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def has_convolutions(self, name):
        return False

    def rows(self, name):
        return 1024

    def run(self, name, arrays):
        if name == "draw_prior":
            return {"z": arrays["noise"]}
        return dict(zip(["x_mean"], self._session.run(["x_mean"], arrays), strict=True))

    def each(self, work, jobs):
        return map(work, jobs)


def serve(engine: str, path: Path) -> None:
    """What a server's process does: as `condvae serve`, with either engine."""
    from condvae.runs import Run
    from condvae.serving.app import Bounds, Service
    from condvae.serving.batching import Limits
    from condvae.serving.served import Served
    from condvae.serving.server import serve as listen

    threadpool_limits(1, user_api="blas")
    run = Run.open(path)
    one = Served(run, OnnxEngine(run) if engine == "onnxruntime" else None)
    service = Service({"run": one}, Bounds(Limits(workers=2), 2**23, 10.0))
    listen(service, service.app(), "127.0.0.1", 0, lambda where: print(where, flush=True))


class Server:
    """A process that serves, and where."""

    def __init__(self, *command: str):
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, text=True
        )
        address = self.process.stdout.readline().split()[-1].removesuffix("/openapi.json")
        self.port = int(address.rpartition(":")[2])

    def end(self) -> int:
        """Ask it to end, and its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def memory(self) -> float:
        """Resident MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def request(run: str, fields: dict, extra: str = "") -> bytes:
    """A whole request for images as .npy."""
    body = json.dumps(fields).encode()
    head = (
        f"POST /runs/{run}/generate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Accept: application/x-npy\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    )
    return head.encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def speed(port: int, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Requests a second, and the seconds of each."""
    end, took = time.perf_counter() + seconds, []

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for seed in itertools.count(number):
            started = time.perf_counter()
            if started > end:
                break
            writer.write(request("run", {"given": seed % 10, "seed": seed}))
            status, _ = await answer(reader)
            assert status == 200, status
            took.append(time.perf_counter() - started)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*map(client, range(clients)))
    return len(took) / (time.perf_counter() - started), took


def measure_speed(path: Path, seconds: float, rounds: int) -> list[str]:
    """The section on speed."""
    servers = {e: Server(__file__, "--serve", e, "--run", str(path)) for e in ENGINES}
    found = {(e, c): [] for c in CLIENTS for e in ENGINES}
    for server in servers.values():
        asyncio.run(speed(server.port, 8, 1.0))
    for _ in range(rounds):
        for clients in CLIENTS:
            for engine, server in servers.items():
                found[engine, clients].append(asyncio.run(speed(server.port, clients, seconds)))
    for server in servers.values():
        assert server.end() == 0
    lines = [
        f"Median of {rounds} rounds of {seconds:g} s each, in turn; {machine()}. A request is one "
        "image of preset `plane` (MNIST), its answer 3 KB of .npy; clients and server share the "
        "cores. `benchmarks/serving.py`.",
        "",
        "| clients | engine | requests a second | p50 (ms) | p99 (ms) |",
        "|---|---|---|---|---|",
    ]
    for (engine, clients), results in found.items():
        rate = statistics.median(rate for rate, _ in results)
        p50, p99 = (
            1000 * statistics.median(float(np.quantile(took, q)) for _, took in results)
            for q in (0.5, 0.99)
        )
        lines.append(f"| {clients} | {engine} | {rate:,.0f} | {p50:.1f} | {p99:.1f} |")
    for clients in CLIENTS:
        mine, other = ([rate for rate, _ in found[engine, clients]] for engine in ENGINES)
        ratios = [a / b for a, b in zip(mine, other, strict=True)]
        lines += [
            "",
            f"NumPy against onnxruntime, {clients} client{'s' * (clients > 1)}: "
            f"{statistics.median(ratios):.2f} times the requests "
            f"({min(ratios):.2f} to {max(ratios):.2f}).",
        ]
    return lines


async def said_within(reader: asyncio.StreamReader, seconds: float) -> bytes | None:
    """What comes in so many seconds; b"" at the connection's end, None where nothing does."""
    try:
        return await asyncio.wait_for(reader.read(4096), seconds)
    except TimeoutError:
        return None


class Load:
    """Clients of all kinds on one server, and what became of their requests."""

    def __init__(self, port: int, name: str, expected: dict, end: float):
        self.port, self.name, self.expected, self.end = port, name, expected, end
        self.counts: Counter[str] = Counter()
        self.took: list[float] = []
        self.rng = random.Random(0)

    @property
    def goes_on(self) -> bool:
        return time.perf_counter() < self.end

    async def opened(self):
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def good(self) -> None:
        """Whole requests, each answered once, with the bytes of an idle server."""
        reader, writer = await self.opened()
        while self.goes_on:
            fields = {"given": self.rng.randrange(LABELS), "seed": self.rng.randrange(SEEDS)}
            started = time.perf_counter()
            writer.write(request(self.name, fields))
            self.counts["whole"] += 1
            status, body = await answer(reader)
            self.took.append(time.perf_counter() - started)
            right = status == 200 and body == self.expected[fields["given"], fields["seed"]]
            self.counts["answered" if right else f"wrong: {status}"] += 1
            more = await said_within(reader, self.rng.random() * 0.01)
            if more:  # b"" where the server ends, at the end
                self.counts["wrong: answered twice"] += 1
        writer.close()

    async def reset(self) -> None:
        """A part of a request, or a whole one, and then RST."""
        while self.goes_on:
            _, writer = await self.opened()
            whole = request(self.name, {"given": 1, "num_samples": 50})
            writer.write(whole[: self.rng.randrange(1, len(whole) + 1)])
            await asyncio.sleep(self.rng.random() * 0.02)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            self.counts["reset"] += 1
            await asyncio.sleep(0.01)

    async def slow(self) -> None:
        """A body a byte at a time: 408; headers a byte at a time, or none: closed."""
        while self.goes_on:
            reader, writer = await self.opened()
            kind = self.rng.choice(["body", "headers", "silence"])
            whole = request(self.name, {"given": 1})
            head = whole[: whole.index(b"\r\n\r\n") + 4]
            drops = whole[len(head) :] if kind == "body" else head
            try:
                if kind == "body":
                    writer.write(head)
                for place in range(min(len(drops), 100) if kind != "silence" else 0):
                    writer.write(drops[place : place + 1])
                    await writer.drain()
                    if (said := await said_within(reader, 0.5)) is not None:
                        break
                else:
                    said = await said_within(reader, 30)
            except OSError:
                said = b""
            status = said.split()[1].decode() if said else "silent" if said is None else "closed"
            fine = {"body": ("408",)}.get(kind, ("closed",))
            self.counts[f"slow {kind}: {status}" if status in fine else f"wrong: {status}"] += 1
            writer.close()

    async def large(self) -> None:
        """A body beyond the limit, announced or in chunks: 413."""
        while self.goes_on:
            reader, writer = await self.opened()
            whole = request(self.name, {"given": 1})
            head = whole[: whole.index(b"Content-Length")]
            if self.rng.random() < 0.5:
                writer.write(head + f"Content-Length: {4 * BODY_BYTES}\r\n\r\n".encode())
                pieces = [b" " * 2**14] * (4 * BODY_BYTES // 2**14)
            else:
                writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
                pieces = [b"4000\r\n" + b" " * 2**14 + b"\r\n"] * (4 * BODY_BYTES // 2**14)
                pieces.append(b"0\r\n\r\n")
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                status, _ = await asyncio.wait_for(answer(reader), 30)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                status = type(error).__name__
            self.counts["oversized: 413" if status == 413 else f"wrong: {status}"] += 1
            writer.close()
            await asyncio.sleep(0.05)

    async def run(self, memory, seconds: float) -> list[float]:
        """All of them until the end; the server's memory meanwhile."""
        kinds = [self.good] * GOOD + [self.reset, self.slow, self.large] * FAULTY
        clients = asyncio.gather(*(kind() for kind in kinds))
        sizes = []
        while not clients.done() and self.goes_on:
            await asyncio.sleep(min(5.0, seconds / 20))
            sizes.append(memory())
        await clients
        return sizes


def measure_load(path: Path, seconds: float) -> list[str]:
    """The section on load."""
    from condvae.serving.answers import Job, answered, as_npy
    from condvae.serving.served import opened

    ((name, served),) = opened([path]).items()
    function, expected = served.functions["generate"], {}
    for given, seed in itertools.product(range(LABELS), range(SEEDS)):
        asked = function.asked(served, {"given": given, "seed": seed})
        (expected[given, seed],) = answered([Job(asked, as_npy)])
    options = f"--port 0 --body-bytes {BODY_BYTES} --body-seconds {BODY_SECONDS}"
    server = Server("-m", "condvae", "serve", str(path), *options.split())
    load = Load(server.port, name, expected, time.perf_counter() + seconds)
    sizes = asyncio.run(load.run(server.memory, seconds))
    after = server.memory()
    code = server.end()
    counts = load.counts
    wrong = {key: count for key, count in counts.items() if key.startswith("wrong")}
    p50, p99 = (1000 * float(np.quantile(load.took, q)) for q in (0.5, 0.99))
    fifth = max(1, len(sizes) // 5)
    first, last = (statistics.median(part) for part in (sizes[fifth : 2 * fifth], sizes[-fifth:]))
    others = {k: n for k, n in sorted(counts.items()) if k not in ("whole", "answered", *wrong)}
    return [
        f"{seconds:,.0f} s, {GOOD} clients that send whole requests and stay, beside {FAULTY} of "
        f"each other kind; {machine()}. `benchmarks/serving.py`.",
        "",
        "| what | |",
        "|---|---|",
        f"| whole requests whose client stayed | {counts['whole']:,} |",
        f"| answered once, with the bytes of an idle server | {counts['answered']:,} |",
        f"| anything else | {sum(wrong.values()):,}{f' ({wrong})' if wrong else ''} |",
        f"| p50, p99 of those (ms) | {p50:.1f}, {p99:.1f} |",
        *(f"| {key} | {count:,} |" for key, count in others.items()),
        f"| resident memory, second fifth of the time, last fifth, after it (MB) | {first:.1f}, "
        f"{last:.1f}, {after:.1f} |",
        f"| exit code at SIGTERM | {code} |",
    ]


def trained(folder: Path) -> Path:
    """Preset `plane` on MNIST, two epochs; in a process of its own, so that this one is small."""
    command = ["train", "mnist", "--preset", "plane", "--epochs", "2", "--run", str(folder)]
    subprocess.run([sys.executable, "-m", "condvae", *command], check=True)
    return folder


def main() -> None:
    """Both sections."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", type=float, default=600.0)
    parser.add_argument("--serve", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.run)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = arguments.run or trained(Path(scratch, "plane"))
        if arguments.rounds:
            lines = measure_speed(path, arguments.seconds, arguments.rounds)
            write_section("Serving", lines)
        if arguments.load:
            write_section("Serving under load", measure_load(path, arguments.load))


if __name__ == "__main__":
    main()
