// The conversation, for any client of Node that asks like fetch.
import { readFileSync } from "node:fs";

export async function converse(send) {
  const url = process.env.CASAVI_URL;
  let token = "";

  async function ask(expected, path, body) {
    const headers = { ...(token && { token }), ...(body && { "Content-Type": "application/json" }) };
    const { status, text } = await send(url + path, body ? "POST" : "GET", headers, body);
    if (status !== expected) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  async function imported(file, end) {
    const { jobId } = await ask(202, "/import", readFileSync(file));
    for (let poll = 0; (await ask(200, `/jobs/${jobId}`)).status !== end; poll++) {
      if (poll > 20) throw new Error("the job does not end");
    }
  }

  ({ token } = await ask(200, "/authenticate", readFileSync("log-in.json")));
  await imported("umlauts.json", "completed");
  for (const id of readFileSync("ids.txt", "utf8").split("\n")) {
    const contact = await ask(200, `/contacts/${encodeURIComponent(id)}`);
    if (contact.id !== id) throw new Error(`${contact.id} is not ${id}`);
  }
  const old = readFileSync("refresh.json", "utf8").replace("OLD-TOKEN", token);
  ({ token } = await ask(200, "/refresh", Buffer.from(old)));
  await imported("refused.json", "completed");
  await imported("hundred.json", "completed");
}
