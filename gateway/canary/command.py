"""The command `canary`."""

import argparse
import signal
import sys

from gateway.canary.config_map import ConfigMap, api
from gateway.canary.judge import Judge, Limits
from gateway.canary.replicas import Replicas
from gateway.canary.rollout import ROLLED_BACK, UNJUDGED, Pace, Rollout, Unjudged
from gateway.canary.weights import File, Place, PlaceError, with_weights


def canary(arguments: argparse.Namespace) -> int:
    """Move a split to its candidate; gives 0 when it is there, 1 when it was rolled back, 2 without a verdict."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a pod is stopped by that
    place: Place = (
        ConfigMap(arguments.configmap, arguments.key, api(arguments.namespace))
        if arguments.configmap
        else File(arguments.config)
    )
    replicas = Replicas(arguments.admin, arguments.admin_dns)
    judge = Judge(Limits(arguments.max_failures, arguments.max_latency, arguments.max_shift, arguments.error))
    pace = Pace(arguments.steps, arguments.min_rows, arguments.step_timeout, arguments.every)
    try:
        rollout = Rollout(arguments.route, place, replicas, judge, pace, say=Lines().say, candidate=arguments.candidate)
    except PlaceError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return UNJUDGED
    try:
        if arguments.roll_back:
            rollout.roll_back(())
            return ROLLED_BACK
        return described(rollout) if arguments.dry_run else moved(rollout)
    except (Unjudged, PlaceError) as exc:
        sys.stderr.write(f"no verdict: {exc}\n{HOW_TO_GO_ON}")
    except KeyboardInterrupt:
        sys.stderr.write(f"stopped\n{HOW_TO_GO_ON}")
    return UNJUDGED


LINE_UP = "\x1b[1A\x1b[2K"

HOW_TO_GO_ON = "The weights are as they are: the same command goes on from there, and with --roll-back it ends that.\n"


def moved(rollout: Rollout) -> int:
    """Move it, unless nobody could judge by what the weights would then be; gives the exit code. Raises Unjudged."""
    if not (heard := rollout.replicas.ask(rollout.route)).reports:
        raise Unjudged(f"no replica reports{heard.told}")
    return rollout.run()


def described(rollout: Rollout) -> int:
    """Say what would be done, and who would be asked; gives the exit code."""
    heard = rollout.replicas.ask(rollout.route)
    sys.stdout.write(f"{rollout.candidate} has {rollout.percent:g} % of {rollout.route} in {rollout.place}\n")
    sys.stdout.write(f"replicas that report: {len(heard.reports)}{heard.told}\n")
    for step in rollout.ahead:
        weights = rollout.weights_at(step)
        with_weights(rollout.place.read(), rollout.route, weights)
        until = f"until it has answered {rollout.pace.min_rows} rows" if step < 100 else "and that is all"
        told_weights = ", ".join(f"{side} {weight:g} %" for side, weight in weights.items())
        sys.stdout.write(f"would set {told_weights}, {until}\n")
    return 0 if heard.reports and not heard.silent else UNJUDGED


class Lines:
    """Show lines: on a terminal the progress of a step stays one line."""

    def __init__(self) -> None:
        self.of_step = ""

    def say(self, line: str) -> None:
        """Show one."""
        step = line.partition(":")[0] if "evidence" in line else ""
        over = sys.stdout.isatty() and step and step == self.of_step
        sys.stdout.write(f"{LINE_UP if over else ''}{line}\n")
        sys.stdout.flush()
        self.of_step = step
