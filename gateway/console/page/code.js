// The same request as a command and as programs, ready to run.

import { h, write } from "./dom.js";

const DATATYPES = { number: "FP64", integer: "INT64", boolean: "BOOL", category: "BYTES" };
const KINDS = { FP64: "np.float64", INT64: "np.int64", BOOL: "np.bool_", BYTES: "np.object_" };

/** Write a value as Python does. */
function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return JSON.stringify(value);
}

function pythonRecord(record) {
  return `{\n${Object.entries(record)
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${python(value)},`)
    .join("\n")}\n}`;
}

function curl({ address, route, record }) {
  const body = JSON.stringify({ instances: [record] }, null, 1).replaceAll("'", "'\\''");
  return `curl -s '${address}/v1/models/${route}:predict' -H 'Content-Type: application/json' -d '${body}'\n`;
}

function httpx({ address, route, record }) {
  return `import httpx\n\nrecord = ${pythonRecord(record)}\nanswer = httpx.post("${address}/v1/models/${route}:predict", json={"instances": [record]})\nanswer.raise_for_status()\nprint(answer.json()["predictions"][0])\n`;
}

/** Send a column as a tensor: what may be missing travels as NaN or as the empty text (the contract's tensors). */
function triton({ address, route, record, features }) {
  const columns = features.map((feature) => {
    const whole = feature.nullable && ["integer", "boolean"].includes(feature.type),
      datatype = whole ? "FP64" : DATATYPES[feature.type],
      value = record[feature.name] ?? null;
    const written =
      value === null ? (datatype === "BYTES" ? '""' : 'float("nan")') : whole ? String(Number(value)) : python(value);
    return `    ("${feature.name}", "${datatype}", ${written}),`;
  });
  const used = [...new Set(columns.map((line) => line.match(/"(FP64|INT64|BOOL|BYTES)"/)[1]))];
  const secure = address.startsWith("https:");
  return `import numpy as np\nimport tritonclient.http as triton\n\ncolumns = [\n${columns.join("\n")}\n]\nkinds = {${used.map((one) => `"${one}": ${KINDS[one]}`).join(", ")}}\n\nclient = triton.InferenceServerClient("${address.replace(/^https?:\/\//, "")}"${secure ? ", ssl=True" : ""})\ninputs = []\nfor name, datatype, value in columns:\n    tensor = triton.InferInput(name, [1], datatype)\n    tensor.set_data_from_numpy(np.array([value], dtype=kinds[datatype]))\n    inputs.append(tensor)\nanswer = client.infer("${route}", inputs)\nfor output in answer.get_response()["outputs"]:\n    print(output["name"], answer.as_numpy(output["name"])[0])\n`;
}

const FORMS = { curl: ["curl", curl], httpx: ["Python, httpx", httpx], triton: ["Python, tritonclient", triton] };

/** Write all forms of a request into a place. */
export function code(place, request) {
  for (const [name, [title, make]] of Object.entries(FORMS)) {
    const found = place.querySelector(`#code-${name}`) ?? place.appendChild(block(name, title)).querySelector("pre");
    write(found, make(request));
  }
}

function block(name, title) {
  const text = h("pre", { id: `code-${name}`, tabindex: "0", role: "region", "aria-label": title }),
    button = h("button", {
      type: "button",
      text: "Copy",
      "aria-label": `Copy ${title}`,
      onclick: () => copy(text, button),
    });
  return h(
    "details",
    { open: name === "curl" },
    h("summary", { text: title }),
    h("div", { class: "code" }, button, text),
  );
}

/** Copy a text; where a page may not, as without TLS away from this machine, it is selected instead. */
async function copy(element, button) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    write(button, "Copied");
  } catch {
    getSelection().selectAllChildren(element);
    write(button, "Selected: Ctrl-C");
  }
  setTimeout(() => write(button, "Copy"), 2000);
}
