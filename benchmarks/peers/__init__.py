"""What is measured side by side: how each is started, asked, and understood."""

import msgspec

from benchmarks.peers.peer import BOTH, ECHOED, ONE, SCORES, TENSORS, Form, Peer

UVICORN = "$python -m uvicorn --host 127.0.0.1 --port $port --no-access-log --log-level warning"
GATEWAY = "$python -m gateway --config $root/gateway.yaml"
GATEWAY_PORTS = {"GATEWAY_PORT": "$port", "GATEWAY_ADMIN_PORT": "$second"}
SERVE = "$python -m bentoml serve --host 127.0.0.1 --port $port"

RAY = {
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": "$port",  # replicas take the lowest of the range, and there is one
    "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": "65536",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # by which Ray stays on loopback, under any system
    "RAY_USAGE_STATS_ENABLED": "0",
}
BATCHES = {"MLSERVER_MODEL_MAX_BATCH_SIZE": "64", "MLSERVER_MODEL_MAX_BATCH_TIME": "0.001"}
MLSERVER = Peer(
    "mlserver",
    "MLServer, one model, `/v2` JSON",
    "its scikit-learn runtime with the estimator that ours was compiled from, in the server's process",
    SCORES,
    "/v2/models/diagnosis/infer",
    "$venv/mlserver start $folder",
    environment="bench-mlserver",
    files=("settings.json", "model-settings.json"),
    variables={"RUNTIME": "mlserver_estimator.Estimator"},
    own=True,
)
PEERS = (
    Peer(
        "ours",
        "**Bentogate**, both models, `/v1`",
        "the gateway as it ships, its access records into a file, in front of the two services of `make serve`",
        BOTH,
        "/v1/predict",
        GATEWAY,
        variables=GATEWAY_PORTS,
    ),
    Peer(
        "naive",
        "FastAPI + a shared httpx client + gather",
        "a typed route, `httpx.AsyncClient` in the lifespan, JSON tensors; uvicorn with uvloop and httptools",
        BOTH,
        "/predict",
        f"{UVICORN} --factory benchmarks.peers.naive:shared_client",
    ),
    Peer(
        "fresh",
        "FastAPI + a new httpx client per request",
        "as before, with `async with httpx.AsyncClient()` in the route",
        BOTH,
        "/predict",
        f"{UVICORN} --factory benchmarks.peers.naive:new_clients",
        brief=True,
    ),
    Peer(
        "aiohttp",
        "Starlette + aiohttp, nothing joined",
        "a plain route, msgspec, binary tensors, one session without a limit of connections",
        BOTH,
        "/predict",
        f"{UVICORN} --factory benchmarks.peers.plain:app",
    ),
    Peer(
        "joining",
        "a bare prototype that joins",
        "the one before, with one call in flight per model; no checks, ids, versions, metrics, deadlines, retries",
        BOTH,
        "/predict",
        f"{UVICORN} --factory benchmarks.peers.joining:app",
        brief=True,
    ),
    Peer(
        "ray",
        "Ray Serve's composition",
        "two deployments and one that asks both by their handles, `RAY_SERVE_THROUGHPUT_OPTIMIZED=1`; asked at its "
        "replica itself, which is as fast as behind Ray's HAProxy and twice as fast as behind its own proxy",
        BOTH,
        "/",
        "$python -m benchmarks.peers.ray_serve $second $folder",
        environment="bench-servers",
        variables=RAY,
        own=True,
    ),
    Peer(
        "bentoml",
        "BentoML's composition (`depends`)",
        "two services and one that asks both through `bentoml.depends`; access log, metrics and spans off",
        BOTH,
        "/predict",
        f"{SERVE} --working-dir $folder benchmarks.peers.bentoml_depends:Assessment",
        own=True,
    ),
    Peer(
        "ours-v2",
        "**Bentogate**, one model, `/v2` JSON",
        "as the first",
        TENSORS,
        "/v2/models/diagnosis/infer",
        GATEWAY,
        variables=GATEWAY_PORTS,
    ),
    MLSERVER,
    msgspec.structs.replace(
        MLSERVER,
        name="mlserver-batch",
        title="MLServer with adaptive batching, one model, `/v2` JSON",
        written="as before, in batches of at most 64 requests, waited for for at most 1 ms",
        variables={**MLSERVER.variables, **BATCHES},
    ),
    msgspec.structs.replace(
        MLSERVER,
        name="mlserver-graph",
        title="MLServer with our graph, one model, `/v2` JSON",
        written="a runtime of one's own over the graph that ours serves; its batching made that slower",
        form=TENSORS,
        variables={"RUNTIME": "mlserver_graph.Graph"},
    ),
    Peer(
        "litserve",
        "LitServe, one model",
        "a `LitAPI` over the same graph, one worker; with its batching or its faster queue it was no faster",
        ONE,
        "/predict",
        "$python -m benchmarks.peers.litserve_api $port",
        environment="bench-servers",
        own=True,
        brief=True,
    ),
    Peer(
        "direct",
        "our model service itself, diagnosis",
        "`bentoml serve` as `make serve` runs it, asked over `/v2` in JSON",
        TENSORS,
        "/v2/models/diagnosis/infer",
        f"{SERVE} --arg model=diagnosis",
        own=True,
        service=True,
    ),
    Peer(
        "direct-novelty",
        "our model service itself, novelty",
        "the same with the other model",
        msgspec.structs.replace(TENSORS, model="novelty"),
        "/v2/models/novelty/infer",
        f"{SERVE} --arg model=novelty",
        own=True,
        service=True,
    ),
    Peer(
        "route",
        "a bare `bentoml.asgi_app` route",
        "a Starlette route in a BentoML service on the settings of ours that does nothing but the model",
        TENSORS,
        "/infer",
        f"{SERVE} --working-dir $folder benchmarks.peers.route:Bare",
        own=True,
    ),
    Peer(
        "nginx",
        "nginx in front of one service",
        "`proxy_pass` with connections kept alive, access log off",
        TENSORS,
        "/v2/models/diagnosis/infer",
        "nginx -p $folder -c nginx.conf",
        files=("nginx.conf",),
        brief=True,
    ),
    Peer(
        "echo",
        "plain ASGI that echoes the body",
        "thirteen lines under uvicorn with uvloop and httptools, asked with the body of `/v1`",
        ECHOED,
        "/",
        f"{UVICORN} --lifespan off --no-server-header benchmarks.peers.echo:app",
        own=True,
    ),
)

__all__ = ["PEERS", "Form", "Peer"]
