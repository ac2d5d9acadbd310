// openapi-backend on Node's own HTTP server, with state by hand: the document is checked by the library, the rest is
// what a careful user writes. It executes no import: a job is its id and the number of its contacts.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import addFormats from 'ajv-formats';
import { OpenAPIBackend } from 'openapi-backend';

const [, , documentFile, port, key, secret] = process.argv;
const tokens = new Set();
const jobs = new Map();

const issue = () => {
  const token = randomUUID();
  tokens.add(token);
  return [200, { token, expiresAt: new Date(Date.now() + 30 * 86400000).toISOString() }];
};

const api = new OpenAPIBackend({
  definition: JSON.parse(readFileSync(documentFile, 'utf8')),
  quick: true, // the document is known to be good: its check is no part of the start
  ajvOpts: { strict: false },
  customizeAjv: (ajv) => addFormats.default(ajv),
  handlers: {
    authenticate: (c) =>
      c.request.requestBody.key === key && c.request.requestBody.secret === secret ? issue() : [401, problem('credentials')],
    refreshToken: (c) =>
      c.request.requestBody.apiKey === key && tokens.delete(c.request.requestBody.token) ? issue() : [401, problem('token')],
    importMasterData: (c) => {
      const job = { id: randomUUID(), contacts: c.request.requestBody.contacts?.length ?? 0 };
      jobs.set(job.id, job);
      return [202, { jobId: job.id }];
    },
    getJob: (c) => (jobs.has(c.request.params.jobId) ? [200, view(jobs.get(c.request.params.jobId))] : [404, problem('job')]),
    validationFail: (c) => [400, { ...problem('contract'), errors: c.validation.errors.slice(0, 20) }],
    unauthorizedHandler: () => [401, problem('token')],
    notFound: () => [404, problem('path')],
    methodNotAllowed: () => [405, problem('method')],
    notImplemented: () => [501, problem('operation')],
  },
  securityHandlers: { tokenAuth: (c) => tokens.has(c.request.headers.token) },
});

const problem = (what) => ({ title: `${what} refused` });

const none = { created: 0, updated: 0, unchanged: 0, refused: 0 };
const view = (job) => ({
  id: job.id,
  status: 'completed',
  createdAt: '2026-01-05T08:00:00.000Z',
  startedAt: '2026-01-05T08:00:00.000Z',
  finishedAt: '2026-01-05T08:00:00.200Z',
  progress: { processed: job.contacts, total: job.contacts },
  counts: { contacts: { ...none, created: job.contacts }, properties: none, units: none, responsibilities: none, documents: none },
  errors: [],
  warnings: [],
});

await api.init();

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const [path, query] = request.url.split('?');
    const body = chunks.length ? Buffer.concat(chunks).toString() : undefined;
    const [status, answer] = await api.handleRequest({ method: request.method, path, query, body, headers: request.headers });
    const raw = JSON.stringify(answer);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(raw) });
    response.end(raw);
  });
}).listen(Number(port), '127.0.0.1');
