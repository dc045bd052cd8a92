"""The command `canary`."""

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

from gateway.canary.config_map import ConfigMap, api
from gateway.canary.judge import Finding, Judge, Limits
from gateway.canary.replicas import Heard, Replicas
from gateway.canary.rollout import Rollout
from gateway.canary.split import Split, Unjudged
from gateway.canary.trial import Pace, Trial
from gateway.canary.weights import File, Place, PlaceError, with_weights

DONE, ROLLED_BACK, UNJUDGED = 0, 1, 2

LINE_UP = "\x1b[1A\x1b[2K"

HOW_TO_GO_ON = "The weights are as they are: the same command goes on from there, and with --roll-back it ends that.\n"


def canary(arguments: argparse.Namespace) -> int:
    """Move a split to its candidate; gives 0 when it is there, 1 when it was rolled back, 2 without a verdict."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a pod is stopped by that
    try:
        return carried_out(arguments)
    except (Unjudged, PlaceError) as exc:
        write(sys.stderr, f"no verdict: {exc}\n{HOW_TO_GO_ON}")
    except KeyboardInterrupt:
        write(sys.stderr, f"stopped\n{HOW_TO_GO_ON}")
    except Exception:  # noqa: BLE001 (the command's outermost handler: Python's own exit code would say "rolled back")
        write(sys.stderr, f"{traceback.format_exc()}no verdict: a fault of the command's own\n{HOW_TO_GO_ON}")
    return UNJUDGED


def carried_out(arguments: argparse.Namespace) -> int:
    """Do what the arguments say; gives the exit code. Raises Unjudged and PlaceError."""
    place: Place = (
        ConfigMap(arguments.configmap, arguments.key, api(arguments.namespace))
        if arguments.configmap
        else File(arguments.config)
    )
    replicas = Replicas(arguments.admin, arguments.admin_dns)
    latency = arguments.max_latency, arguments.latency_slack
    judge = Judge(Limits(arguments.max_failures, *latency, arguments.max_shift, arguments.error))
    pace = Pace(arguments.steps, arguments.min_rows, arguments.step_timeout, arguments.every)
    try:
        split = Split(arguments.route, place, arguments.candidate)
    except PlaceError as exc:
        write(sys.stderr, f"error: {exc}\n")
        return UNJUDGED
    rollout = Rollout(split, Trial(split, replicas, judge, pace, Lines().say))
    if arguments.roll_back:
        return rolled_back(rollout, ())
    if arguments.dry_run:
        return described(split, rollout.ahead, replicas.ask(split.route), pace)
    if not (heard := replicas.ask(split.route)).reports:  # nobody could judge by what the weights would then be
        raise Unjudged(f"no replica reports{heard.told}")
    guilty = rollout.run()
    return rolled_back(rollout, guilty) if guilty else DONE


def rolled_back(rollout: Rollout, guilty: Sequence[Finding]) -> int:
    """Roll back, though this pod is to end: it has 30 seconds for that; gives the exit code. Raises PlaceError."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    rollout.roll_back(guilty)
    return ROLLED_BACK


def described(split: Split, steps: Sequence[float], heard: Heard, pace: Pace) -> int:
    """Say what would be done, and who would be asked; gives the exit code. Raises PlaceError."""
    write(sys.stdout, f"{split.candidate} has {split.percent:g} % of {split.route} in {split.place}\n")
    write(sys.stdout, f"replicas that report: {len(heard.reports)}{heard.told}\n")
    for step in steps:
        weights = split.weights_at(step)
        with_weights(split.place.read(), split.route, weights)
        until = f"until it has answered {pace.min_rows} rows" if step < 100 else "and that is all"
        told_weights = ", ".join(f"{side} {weight:g} %" for side, weight in weights.items())
        write(sys.stdout, f"would set {told_weights}, {until}\n")
    return DONE if heard.reports and not heard.silent else UNJUDGED


def write(stream: TextIO, text: str) -> None:
    """Show a text; who reads may be gone, or the disk full, and weights are minded all the same."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Lines:
    """Show lines, none twice in a row: on a terminal the progress of a step stays one line."""

    def __init__(self) -> None:
        self.last = self.of_step = ""

    def say(self, line: str) -> None:
        """Show one."""
        if line == self.last:  # nobody asks for the route, maybe for an hour
            return
        step = line.partition(":")[0] if "evidence" in line else ""
        over = step and step == self.of_step and sys.stdout.isatty()
        write(sys.stdout, f"{LINE_UP * rows_of(self.last) if over else ''}{line}\n")
        self.last, self.of_step = line, step


def rows_of(line: str) -> int:
    """Say how many rows of the terminal a line takes: progress is longer than 80 columns."""
    columns = os.get_terminal_size(sys.stdout.fileno()).columns or len(line)
    return -(-len(line) // columns)
