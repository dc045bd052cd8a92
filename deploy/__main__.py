"""The command: python -m deploy, which `make images`, `make deploy` and their neighbours run."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from deploy.commands import DeployError, step
from deploy.engine import find_engine
from deploy.images import build_all
from deploy.preflight import preflight
from deploy.rollout import deploy, status, undeploy
from deploy.ship import Cluster, load_all, push_all

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)

Overlay = Annotated[str, typer.Argument(help="A folder of k8s/overlays.")]


def default_base() -> str:
    """Give the base that bentofile.yaml names."""
    return str(yaml.safe_load(Path("bentofile.yaml").read_text())["args"]["base"])


@app.command("preflight")
def preflight_command() -> None:
    """Say what is missing for images or a cluster; exit code 1 if anything is."""
    if not preflight():
        raise typer.Exit(1)


@app.command()
def images(
    base: Annotated[
        str, typer.Option(help="The image to build on, best by digest; as in bentofile.yaml without.")
    ] = "",
) -> None:
    """Train what is not trained, build the image of every model and of the gateway, and print their sizes."""
    engine = find_engine()
    step("train what is not trained", sys.executable, "training/train.py", "--missing")
    build_all(engine, base or default_base())


@app.command()
def push(registry: Annotated[str, typer.Argument(help="For example ghcr.io/me.")]) -> None:
    """Push the images, and write their digests into the production overlay."""
    push_all(find_engine(), registry.rstrip("/"))


@app.command()
def load(cluster: Cluster) -> None:
    """Load the images into a cluster on this machine."""
    load_all(find_engine(), cluster)


@app.command()
def up(overlay: Overlay) -> None:
    """Apply an overlay, wait until it is rolled out, and ask it for a prediction."""
    deploy(overlay)


@app.command()
def down(overlay: Overlay) -> None:
    """Delete what an overlay made."""
    undeploy(overlay)


@app.command("status")
def status_command(overlay: Overlay) -> None:
    """Print what runs, what is wrong with what does not, and a prediction."""
    status(overlay)


def main() -> int:
    """Run the command; gives the exit code."""
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        app()
    except DeployError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
