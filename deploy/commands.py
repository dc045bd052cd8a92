"""Running other programs: for what they print, or as a step that a person watches."""

import collections
import re
import subprocess
import time

from rich.console import Console
from rich.markup import escape

console = Console(highlight=False, soft_wrap=True)

LAST_LINES = 20
KLOG = re.compile(r"^[EW]\d{4} .*\n", re.MULTILINE)  # kubectl repeats each failed attempt before it says what is wrong


class DeployError(Exception):
    """Report what cannot be done, in words that name the fix."""


def output(*command: str, feed: str | None = None) -> str:
    """Give what a program prints; raises DeployError with the program's own words."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=feed)  # noqa: S603 (our own)
    except FileNotFoundError as exc:
        raise DeployError(f"{command[0]} is not installed") from exc
    if done.returncode:
        words = KLOG.sub("", done.stderr).strip() or done.stderr.strip() or done.stdout.strip()
        raise DeployError(words or f"{' '.join(command)} gave {done.returncode}")
    return done.stdout


def reach() -> None:
    """Ask the cluster for a sign of life; without one kubectl says once what is wrong, and not for each object."""
    output("kubectl", "get", "--raw", "/readyz")


def step(title: str, *command: str) -> float:
    """Run a program while its last line is shown; gives its seconds.

    Raises DeployError, after its last lines were printed.
    """
    began, last = time.monotonic(), collections.deque[str](maxlen=LAST_LINES)
    console.print(f"[dim]$ {escape(' '.join(command))}[/]")
    with console.status(title) as status:
        try:
            process = subprocess.Popen(  # noqa: S603 (our own)
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            )
        except FileNotFoundError as exc:
            raise DeployError(f"{command[0]} is not installed") from exc
        with process:
            for line in process.stdout or ():
                last.append(line.rstrip())
                status.update(f"{title} [dim]{escape(line.strip()[:100])}[/]")
    seconds = time.monotonic() - began
    if process.returncode:
        console.print("\n".join(last), markup=False)
        raise DeployError(f"{title} failed: {command[0]} gave {process.returncode}")
    console.print(f"{title} [green]{seconds:.1f} s[/]")
    return seconds
