// The Projects API through libcostmark. Run as a program: creates a project with tags, makes a call
// under it, and lists the projects that there are.
//
//     COSTMARK_BASE_URL=https://bedrock-mantle.us-east-1.api.aws/v1 \
//     node projects.mjs my-app-prod team=platform env=prod
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import koffi from 'koffi';
import {
  CostmarkError, c, configured, declare, list, make, sized, str, text,
} from './abi.mjs';
import { Client, liveHandles } from './costmark.mjs';

// --- What projects.h declares ----------------------------------------------------------------------

koffi.opaque('costmark_projects');
koffi.opaque('costmark_project_list');
koffi.struct('costmark_label', { name: 'costmark_str', value: 'costmark_str' });
koffi.struct('costmark_project', {
  struct_size: 'size_t', id: 'costmark_str', arn: 'costmark_str', name: 'costmark_str',
  status: 'costmark_str', data_retention: 'costmark_str', account: 'costmark_str',
  region: 'costmark_str', tags: 'const costmark_label *', tag_count: 'size_t',
  created_unix_s: 'int64_t', archived_unix_s: 'int64_t',
  plane: 'int32_t', knows_tags: 'uint32_t',
});
koffi.struct('costmark_project_change', {
  struct_size: 'size_t', name: 'costmark_str', data_retention: 'costmark_str',
  tags: 'const costmark_label *', tag_count: 'size_t',
});
declare(
  'int32_t costmark_projects_new(costmark_config *config, int32_t plane, ' +
    '_Out_ costmark_projects **out, _Out_ costmark_error **error)',
  'void costmark_projects_free(costmark_projects *projects)',
  'int32_t costmark_projects_create(costmark_projects *projects, ' +
    'const costmark_project_change *project, const void *wait, ' +
    '_Out_ costmark_project_list **out, _Out_ costmark_error **error)',
  'int32_t costmark_projects_list(costmark_projects *projects, uint32_t with_archived, ' +
    'const void *wait, _Out_ costmark_project_list **out, _Out_ costmark_error **error)',
  'size_t costmark_project_list_count(costmark_project_list *list)',
  'void costmark_project_list_read(costmark_project_list *list, size_t index, ' +
    '_Inout_ costmark_project *project)',
  'void costmark_project_list_free(costmark_project_list *list)',
);

// --- A small client around them --------------------------------------------------------------------

const PLANES = { auto: 0, mantle: 1, bedrock: 2 }; // costmark_project_plane

export class Projects {
  #projects;

  /** `options` by name, as those of a Client. */
  constructor(options = {}, plane = 'auto') {
    this.#projects = configured(options, (config) => make('projects_new', config, PLANES[plane]));
  }

  /** Ends it, when no call is open. */
  close() {
    c.projects_free(this.#projects);
    this.#projects = null;
  }

  /** Makes one more project: names are not unique. */
  async create(name, tags = {}) {
    const labels = Object.entries(tags).map(([key, value]) => ({ name: str(key), value: str(value) }));
    const change = {
      ...sized('project_change'), name: str(name), data_retention: str(''),
      tags: labels.length === 0 ? null : koffi.as(labels, 'costmark_label *'), tag_count: labels.length,
    };
    const [made] = await this.#ask('projects_create', change);
    return made;
  }

  /** All of the account in the region; archived ones on request. */
  async list({ withArchived = false } = {}) {
    return this.#ask('projects_list', withArchived ? 1 : 0);
  }

  /** Calls a function that returns projects, on a thread of Node's pool. */
  async #ask(name, parameter) {
    const [found, error] = [[null], [null]];
    const status = await promisify(c[name].async)(this.#projects, parameter, null, found, error);
    if (status !== 0) throw new CostmarkError(status, error[0]);
    try {
      const count = Number(c.project_list_count(found[0]));
      return Array.from({ length: count }, (_, index) => projectOf(found[0], index));
    } finally {
      c.project_list_free(found[0]);
    }
  }
}

function projectOf(found, index) {
  const project = sized('project');
  c.project_list_read(found, index, project);
  const tags = list('costmark_label', project.tags, project.tag_count);
  return {
    id: text(project.id), arn: text(project.arn), name: text(project.name),
    status: text(project.status),
    // The bedrock plane tells no tags here.
    tags: project.knows_tags
      ? Object.fromEntries(tags.map(({ name, value }) => [text(name), text(value)]))
      : undefined,
  };
}

// --- The program -----------------------------------------------------------------------------------

async function main(name, ...pairs) {
  const tags = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s, 2)));
  const projects = new Projects();
  const made = await projects.create(name, tags);
  console.log(`created ${made.id} ${made.name} ${JSON.stringify(made.tags)}`);

  const client = new Client({ project: made.id });
  const { status, usage } = await client.send({
    url: `${process.env.COSTMARK_BASE_URL}/chat/completions`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: process.env.MODEL ?? 'openai.gpt-oss-20b',
      messages: [{ role: 'user', content: 'Say hello in three words.' }],
    }),
  });
  client.close();
  console.log(`called: ${status}, ${usage.inputTokens} tokens in, ${usage.outputTokens} out`);

  for (const each of await projects.list()) {
    console.log(`has ${each.id} ${each.name} ${JSON.stringify(each.tags)}`);
  }
  projects.close();
  if (liveHandles() !== 0) throw new Error(`${liveHandles()} handles are left`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(...process.argv.slice(2));
