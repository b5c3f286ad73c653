// Posts one chat completion four ways, and prints what each used: through fetch and through the
// library's own HTTP client, whole and streamed.
//
//     COSTMARK_BASE_URL=https://bedrock-mantle.us-east-1.api.aws/v1 COSTMARK_PROJECT=proj_abc123 \
//     node index.mjs "How do I return a pair of shoes?"
//
// Credentials and options come from the environment, as everywhere.
import { Client, liveHandles } from './costmark.mjs';

const base = process.env.COSTMARK_BASE_URL;
if (!base) {
  console.error('set COSTMARK_BASE_URL, such as https://bedrock-mantle.us-east-1.api.aws/v1');
  process.exit(2);
}
const url = `${base}/chat/completions`;
const model = process.env.MODEL ?? 'openai.gpt-oss-20b';
const question = process.argv[2] ?? 'Say hello in three words.';
const headers = { 'content-type': 'application/json' };

function chat(stream) {
  const messages = [{ role: 'user', content: question }];
  return { url, headers, body: JSON.stringify({ model, messages, ...(stream && { stream }) }) };
}

function print(way, status, { inputTokens, outputTokens }, length) {
  console.log(`${way}: ${status}, ${inputTokens} tokens in, ${outputTokens} out, ${length} bytes`);
}

const client = new Client();
for (const stream of [false, true]) {
  const way = stream ? ' streamed' : '';

  const { response, usage } = await client.fetch(chat(stream));
  let length = 0;
  for await (const piece of response.body) length += piece.length;
  print(`fetch${way}`, response.status, await usage, length);

  length = 0;
  const answer = await client.send(chat(stream), stream && {
    onPiece: (piece) => { length += piece.length; },
  });
  print(`send${way}`, answer.status, answer.usage, length || answer.body.length);
}
client.close();
if (liveHandles() !== 0) throw new Error(`${liveHandles()} handles are left`);
