"""The command: python -m stack, which `make serve` runs."""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from stack.certificate import AUTHORITY, make_certificate
from stack.processes import Process, end_all, start
from stack.procfile import Procfile, ProcfileError, chosen_ports, read_procfile
from stack.ready import wait_until_ready

EXAMPLE = "curl -s {base}/v1/predict -H 'Content-Type: application/json' -d @examples/record.json"
TLS_DIR, TLS_PORT = ".tls", "8443"
ADMIN_PORT = 8081

console = Console(highlight=False, soft_wrap=True)
COLOURS = ("cyan", "magenta", "green", "yellow", "blue")


def main() -> int:
    """Start what the Procfile names; gives 0 when it was ended on purpose, 1 when a process ended by itself."""
    parser = argparse.ArgumentParser(prog="python -m stack", description="Run the processes of the Procfile.")
    parser.add_argument("--tls", action="store_true", help=f"serve TLS too, with a certificate made in {TLS_DIR}/")
    if parser.parse_args().tls:
        make_certificate(Path(TLS_DIR))
        os.environ["GATEWAY_TLS_DIR"] = TLS_DIR
    try:
        procfile = read_procfile(Path("Procfile"))
        ports = chosen_ports(procfile, dict(os.environ))
    except (OSError, ProcfileError) as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return asyncio.run(run(procfile, ports))


async def run(procfile: Procfile, ports: dict[str, int]) -> int:
    """Run all processes until one ends or this one is asked to end."""
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    width, names = max(map(len, procfile.commands)), list(procfile.commands)

    def write(name: str, text: str) -> None:
        console.print(f"[{COLOURS[names.index(name) % len(COLOURS)]}]{name:<{width}}[/] ", end="")
        console.print(text, markup=False)

    processes = start(procfile.commands, environment(), write)
    admin_port = ports.get("GATEWAY_ADMIN_PORT", ADMIN_PORT)
    helping = asyncio.create_task(
        say_when_ready(ports["GATEWAY_PORT"], admin_port, [name for name in names if name != "gateway"])
    )
    ends = {asyncio.create_task(process.wait()): process for process in processes}
    stop = asyncio.create_task(asked.wait())
    await asyncio.wait([*ends, stop], return_when=asyncio.FIRST_COMPLETED)
    helping.cancel()
    on_purpose = asked.is_set()
    dead = [(process, task.result()) for task, process in ends.items() if task.done()]
    console.print("ending all")
    await end_all()
    for task in ends:
        task.cancel()
    if on_purpose:
        return 0
    for process, how in dead:
        report_death(process, how)
    return 1


def environment() -> dict[str, str]:
    """Give the processes this environment, its programs first, without BentoML's calls to its maker."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {"BENTOML_DO_NOT_TRACK": "True", **os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}


async def say_when_ready(port: int, admin_port: int, models: list[str]) -> None:
    """Tell what is ready, then what to do with it."""
    began = time.monotonic()
    await wait_until_ready(f"http://127.0.0.1:{port}", models, console.print)
    console.print(f"\nall ready after {time.monotonic() - began:.1f} s; try, in another terminal:\n")
    console.print(f"  {EXAMPLE.format(base=f'http://127.0.0.1:{port}')}\n", markup=False)
    if os.environ.get("GATEWAY_TLS_DIR") == TLS_DIR:
        secure = f"--cacert {TLS_DIR}/{AUTHORITY} https://localhost:{os.environ.get('GATEWAY_TLS_PORT', TLS_PORT)}"
        console.print(f"  {EXAMPLE.format(base=secure)}\n", markup=False)
    console.print(
        f"console: http://127.0.0.1:{admin_port}/   documentation: http://127.0.0.1:{port}/docs   end: Ctrl-C\n"
    )


def report_death(process: Process, how: str) -> None:
    """Say which process ended, how, and what it wrote last."""
    sys.stderr.write(f"error: {process.name} {how}; its last lines were:\n")
    sys.stderr.writelines(f"  {line}\n" for line in process.last)


if __name__ == "__main__":
    sys.exit(main())
