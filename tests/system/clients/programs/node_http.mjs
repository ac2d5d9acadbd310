import http from "node:http";
import { converse } from "./conversation.mjs";

const agent = new http.Agent({ keepAlive: true });

await converse((url, method, headers, body) => new Promise((resolve, reject) => {
  const request = http.request(url, { method, headers, agent }, (answer) => {
    const pieces = [];
    answer.on("data", (piece) => pieces.push(piece));
    answer.on("end", () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString("utf8") }));
    answer.on("error", reject);
  });
  request.on("error", reject);
  if (body) {
    request.write(body.subarray(0, 5)); // with no length given, the body goes in chunks
    request.end(body.subarray(5));
  } else {
    request.end();
  }
}));
agent.destroy();
