// Makes the calls of the name that is its argument, with the openai package and the gateway that
// the environment names, and prints what it saw as one line of JSON.

import OpenAI, { toFile } from "openai";

// The Node of Debian 12 has it there only.
globalThis.File ??= (await import("node:buffer")).File;

const client = new OpenAI({
  baseURL: process.env.GATEWAY_URL,
  apiKey: process.env.GATEWAY_KEY,
  maxRetries: 0,
});
const said = process.env.GATEWAY_PROMPT;
const messages = [{ role: "user", content: said }];
const tools = [
  {
    type: "function",
    function: {
      name: "forecast",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

async function all(events) {
  const found = [];
  for await (const event of await events) found.push(event);
  return found;
}

function textOf(chunks) {
  return chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("");
}

function callsOf(completion) {
  const { finish_reason, message } = completion.choices[0];
  return [finish_reason, message.tool_calls.map((call) => [call.id, JSON.parse(call.function.arguments)])];
}

async function failure(promise) {
  const error = await promise.then(
    () => ({ constructor: { name: "none" } }),
    (reason) => reason,
  );
  return [error.constructor.name, error.status, error.code, error.param];
}

const calls = {
  async models() {
    const listed = await all(client.models.list());
    const one = await client.models.retrieve("maker/small");
    return { listed: listed.map((model) => model.id), one };
  },

  async chat() {
    const { data, request_id } = await client.chat.completions
      .create({ model: "gpt-full", messages })
      .withResponse();
    return { content: data.choices[0].message.content, usage: data.usage, request_id };
  },

  async stream() {
    const chunks = await all(
      client.chat.completions.create({
        model: "gpt-full",
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    return { text: textOf(chunks), count: chunks.length, usage: chunks.at(-1).usage };
  },

  async tools() {
    const asked = { model: "gpt-tools", messages, tools };
    const plain = await client.chat.completions.create(asked);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    return { plain: callsOf(plain), streamed: callsOf(streamed) };
  },

  async anthropic() {
    const asked = { model: "claude-tools", messages, tools };
    const plain = await client.chat.completions.create(asked);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    return { plain: callsOf(plain), streamed: callsOf(streamed) };
  },

  async completions() {
    const asked = { model: "text-any", prompt: [said, "a"] };
    const plain = await client.completions.create(asked);
    const events = await all(client.completions.create({ ...asked, stream: true }));
    const texts = ["", ""];
    for (const event of events) {
      for (const choice of event.choices) texts[choice.index] += choice.text;
    }
    return { plain: plain.choices.map((choice) => choice.text), streamed: texts };
  },

  async embeddings() {
    const answer = await client.embeddings.create({ model: "text-vectors", input: [said, "a"] });
    return answer.data.map((found) => found.embedding);
  },

  async responses() {
    const asked = { model: "gpt-full", input: said };
    const plain = await client.responses.create(asked);
    const events = await all(client.responses.create({ ...asked, stream: true }));
    const last = events.at(-1);
    return {
      plain: plain.output_text,
      deltas: events.filter((event) => event.type === "response.output_text.delta").length,
      last: [last.type, last.sequence_number - events.length],
    };
  },

  async media() {
    const sound = await client.audio.speech.create({ model: "tts-any", input: said, voice: "alloy" });
    const bytes = Buffer.from(await sound.arrayBuffer());
    const file = await toFile(bytes, "sound.mp3", { type: "audio/mpeg" });
    const heard = await client.audio.transcriptions.create({ model: "whisper-any", file });
    const drawn = await client.images.generate({ model: "gpt-image", prompt: said });
    return { sound: bytes.toString("base64"), heard: heard.text, drawn: drawn.data[0].b64_json };
  },

  async abort() {
    const stream = await client.chat.completions.create({
      model: "gpt-endless",
      messages,
      stream: true,
    });
    let count = 0;
    for await (const _ of stream) {
      count += 1;
      if (count === 5) stream.controller.abort();
    }
    return { aborted: stream.controller.signal.aborted, count };
  },

  async errors() {
    return {
      bad: await failure(
        client.chat.completions.create({ model: "gpt-full", messages, temperature: 3 }),
      ),
      missing: await failure(client.responses.create({ model: "claude-small", input: said })),
      provider: await failure(
        client.chat.completions.create({ model: "claude-status-529", messages, stream: true }),
      ),
      midway: await failure(
        all(client.chat.completions.create({ model: "claude-broken", messages, stream: true })),
      ),
    };
  },
};

console.log(JSON.stringify(await calls[process.argv[2]]()));
