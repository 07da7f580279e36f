// Talks to a simulated tenant with Microsoft's own client for Graph: signs in,
// lists, uploads with its task for large files, follows delta, downloads through
// the redirect, renames and deletes. It prints what it saw as JSON.
//
// ORGSTORE_JS_CLIENT is a folder in which the client was installed; the standard
// input is {graph, token, drive} as JSON. The simulator's certificate authority
// is named by NODE_EXTRA_CA_CERTS.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const require = createRequire(join(process.env.ORGSTORE_JS_CLIENT, "package.json"));
const { Client, FileUpload, LargeFileUploadTask, PageIterator, ResponseType } = require("@microsoft/microsoft-graph-client");

const { graph, token, drive } = JSON.parse(await text(process.stdin));
const client = Client.init({
  baseUrl: graph + "/",
  customHosts: new Set([new URL(graph).hostname]),
  authProvider: (done) => done(null, token),
});
const seen = {};

const children = await client.api(`/drives/${drive}/root/children`).top(2).get();
const names = [];
await new PageIterator(client, children, (item) => names.push(item.name) > 0).iterate();
seen.listed = names;

async function delta(link) {
  const changes = [];
  for (;;) {
    const page = await client.api(link).get();
    changes.push(...page.value.filter((item) => !item.root));
    if (page["@odata.deltaLink"]) {
      return [changes, page["@odata.deltaLink"]];
    }
    link = page["@odata.nextLink"];
  }
}
const [before, link] = await delta(`/drives/${drive}/root/delta`);
seen.before = before.map((item) => item.name).sort();

const content = new Uint8Array(2 * 1024 * 1024 + 17).map((_, i) => (i * 31) % 251);
const session = await LargeFileUploadTask.createUploadSession(client, `/drives/${drive}/root:/large.pbiviz:/createUploadSession`, {
  item: { "@microsoft.graph.conflictBehavior": "replace" },
});
const ranges = [];
const task = new LargeFileUploadTask(client, new FileUpload(content, "large.pbiviz", content.length), session, {
  rangeSize: 640 * 1024,
  uploadEventHandlers: { progress: (range) => ranges.push(range.maxValue) },
});
const uploaded = (await task.upload()).responseBody;
seen.uploaded = { name: uploaded.name, size: uploaded.size, ranges: ranges.length };

const got = await client.api(`/drives/${drive}/items/${uploaded.id}/content`).responseType(ResponseType.ARRAYBUFFER).get();
const sum = (bytes) => createHash("sha256").update(Buffer.from(bytes)).digest("hex");
seen.downloaded = sum(got) === sum(content);

await client.api(`/drives/${drive}/items/${uploaded.id}`).header("If-Match", uploaded.eTag).patch({ name: "renamed.pbiviz" });
try {
  await client.api(`/drives/${drive}/items/${uploaded.id}`).header("If-Match", uploaded.eTag).delete();
  seen.refused = "nothing";
} catch (error) {
  seen.refused = `${error.statusCode} ${error.code}`;
}
const [changed, next] = await delta(link);
seen.changed = changed.map((item) => item.name).sort();
await client.api(`/drives/${drive}/items/${uploaded.id}`).delete();
const [gone] = await delta(next);
seen.gone = gone.filter((item) => item.deleted).map((item) => item.id === uploaded.id);

console.log(JSON.stringify(seen));
