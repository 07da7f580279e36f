// Records what a page sends as the browser's own developer tools do when they
// export a HAR with content: from the same events, with what they leave out.
// Playwright's recorder is another one: it drops the whole body of a form with
// a file, of which the developer tools keep everything but the file.
export class Recorder {
  #tools;
  #sanitized;
  #requests = new Map();
  #pending = [];

  // Sanitized leaves out tokens and cookies, as the export does by default.
  static async of(page, sanitized) {
    const r = new Recorder();
    r.#sanitized = sanitized;
    r.#tools = await page.context().newCDPSession(page);
    const on = (name, f) => r.#tools.on("Network." + name, e => f(r.#of(e.requestId), e));
    on("requestWillBeSent", (x, e) => {
      Object.assign(x, { started: e.wallTime, type: e.type, request: e.request });
      if (e.request.hasPostData) r.#pending.push(r.#sent(x, e.requestId));
    });
    on("requestWillBeSentExtraInfo", (x, e) => { x.sent = e.headers; });
    on("responseReceived", (x, e) => { x.response = e.response; });
    on("responseReceivedExtraInfo", (x, e) => { x.got = e.headers; });
    on("loadingFinished", (x, e) => r.#pending.push(r.#received(x, e.requestId)));
    await r.#tools.send("Network.enable", { maxPostDataSize: 1 << 26, maxTotalBufferSize: 1 << 28, maxResourceBufferSize: 1 << 28 });
    return r;
  }

  #of(id) {
    if (!this.#requests.has(id)) this.#requests.set(id, {});
    return this.#requests.get(id);
  }

  async #sent(x, requestId) {
    try {
      const { postData, base64Encoded } = await this.#tools.send("Network.getRequestPostData", { requestId });
      x.body = base64Encoded ? Buffer.from(postData, "base64").toString("utf8") : postData; // which garbles bytes
    } catch {
      // A file that is sent as it is: the browser does not have its bytes.
    }
  }

  async #received(x, requestId) {
    try {
      const { body, base64Encoded } = await this.#tools.send("Network.getResponseBody", { requestId });
      x.content = base64Encoded ? { text: body, encoding: "base64" } : { text: body };
    } catch {
      // An answer without content.
    }
  }

  // har returns the recording so far, as text.
  async har() {
    await Promise.all(this.#pending);
    const entries = [...this.#requests.values()].filter(x => x.request && x.response).map(x => this.#entry(x));
    return JSON.stringify({ log: { version: "1.2", creator: { name: "WebInspector", version: "537.36" }, pages: [], entries } }, null, 2);
  }

  #headers(all) {
    const secret = /^(authorization|cookie|set-cookie)$/i;
    return Object.entries(all).filter(([name]) => !this.#sanitized || !secret.test(name)).map(([name, value]) => ({ name, value }));
  }

  #entry(x) {
    const sent = { ...x.request.headers, ...x.sent }, got = x.got ?? x.response.headers;
    const type = Object.entries(sent).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
    return {
      startedDateTime: new Date(x.started * 1000).toISOString(),
      time: 1,
      _resourceType: x.type.toLowerCase(),
      _priority: "High",
      request: {
        method: x.request.method,
        url: x.request.url,
        httpVersion: x.response.protocol,
        headers: this.#headers(sent),
        queryString: [...new URL(x.request.url).searchParams].map(([name, value]) => ({ name, value })),
        cookies: [],
        headersSize: -1,
        bodySize: x.body === undefined ? 0 : Buffer.byteLength(x.body),
        postData: x.body === undefined ? undefined : { mimeType: type, text: x.body },
      },
      response: {
        status: x.response.status,
        statusText: x.response.statusText,
        httpVersion: x.response.protocol,
        headers: this.#headers(got),
        cookies: [],
        content: { size: x.content?.text.length ?? 0, mimeType: x.response.mimeType, ...x.content },
        redirectURL: "",
      },
    };
  }
}
