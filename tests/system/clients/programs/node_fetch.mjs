import { converse } from "./conversation.mjs";

await converse(async (url, method, headers, body) => {
  const answer = await fetch(url, { method, headers, body });
  return { status: answer.status, text: await answer.text() };
});
