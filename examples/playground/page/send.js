/** Sends a request in the page that this runs in, and says what the page got. */
async function send({ kind, url, options }) {
  try {
    if (kind === "form") return await submitForm(url, options.body ?? "");
    if (kind === "websocket") return await openSocket(url);
    const response = await fetch(url, options);
    return { verdict: "readable", status: response.status, text: await response.text(), headers: [...response.headers] };
  } catch (error) {
    return { verdict: "blocked", text: String(error) };
  }
}

/** Submits a form into a frame, as a page does that wants nobody to notice. It learns nothing of the answer. */
function submitForm(url, body) {
  const target = `form-${Math.random()}`;
  const frame = Object.assign(document.createElement("iframe"), { name: target, hidden: true });
  const form = Object.assign(document.createElement("form"), { method: "post", enctype: "text/plain", action: url, target });
  const [name, value] = body.split(/=(.*)/s);
  form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: value ?? "" }));
  document.body.append(frame, form);
  return new Promise((resolve) => {
    frame.addEventListener("load", () => {
      try {
        // The empty page that a frame begins with, the only one of its pages that this one may look into.
        if (frame.contentWindow.location.href === "about:blank") return;
      } catch { /* The answer is there. */ }
      frame.remove();
      form.remove();
      resolve({ verdict: "sent", text: "the form is sent; the page cannot see the answer" });
    });
    form.submit();
  });
}

/** Opens a WebSocket and waits for its first message. */
function openSocket(url) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.addEventListener("message", ({ data }) => {
      resolve({ verdict: "readable", text: `the WebSocket says: ${data}` });
      socket.close();
    });
    socket.addEventListener("error", () => resolve({ verdict: "blocked", text: "the WebSocket does not open" }));
    socket.addEventListener("close", () => resolve({ verdict: "blocked", text: "the WebSocket closed without a word" }));
  });
}
