// Scalar's mock server. It answers examples and random values: any credentials, any token, any job.

import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { createMockServer } from '@scalar/mock-server';

const [, , documentFile, port] = process.argv;
const app = await createMockServer({ document: JSON.parse(readFileSync(documentFile, 'utf8')) });
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });
