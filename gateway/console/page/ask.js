// Asking the gateway: its documents, and its stream of events.

/** Carry a problem document, or that nobody answered. */
export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? document.title ?? `the gateway answered ${status}`);
    this.status = status;
    this.document = document;
  }
}

/** Ask for JSON; throws Problem. */
export async function ask(path, options = {}) {
  const answer = await fetch(path, options).catch((error) => {
    throw new Problem(0, { detail: "the gateway does not answer", cause: String(error) });
  });
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, document);
  return { document, timing: answer.headers.get("server-timing") };
}

/**
 * Follow the stream while the page is in sight; tells each event, and whether there is a connection. It comes back by
 * itself. A browser has six connections to a host for all its tabs: of those that nobody sees none may keep one.
 */
export function follow(onEvent, onState) {
  let source = null,
    again = null;
  const open = () => {
    source = new EventSource("console/stream");
    source.onopen = () => onState(true);
    source.onmessage = (message) => onEvent(JSON.parse(message.data));
    source.onerror = () => {
      onState(false);
      // A browser gives up for good where the answer is no stream, as of a gateway that is full.
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, 3000);
    };
  };
  const see = () => {
    clearTimeout(again);
    source?.close();
    source = null;
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", see);
  see();
}
