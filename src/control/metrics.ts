/**
 * The Prometheus text format (version 0.0.4). One row per metric name: what the reference lists, what HELP and TYPE
 * say. A sample without a row is a bug of ours that must not cost the scrape: it is written as untyped.
 */

import type { MetricSample } from "../daemon/api.ts";

/** One metric of the interface. */
export interface MetricRow {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly help: string;
}

/** Every metric that is exported, in the order of the output. */
export const METRICS: readonly MetricRow[] = [
  gauge("reflectd_build_info", "Version of reflectd and of Node; always 1."),
  gauge("reflectd_peer_state", "1 for the state that the session is in (RFC 4271 section 8.2.2)."),
  gauge("reflectd_peer_up", "1 while the session is Established."),
  counter("reflectd_peer_flaps_total", "Times the session left Established."),
  gauge("reflectd_peer_prefixes", "Prefixes by table: in (received), accepted, out (advertised)."),
  counter("reflectd_messages_total", "BGP messages by direction and type."),
  counter("reflectd_bytes_total", "Octets of BGP messages by direction."),
  counter("reflectd_notifications_total", "NOTIFICATIONs by direction, code and subcode."),
  counter("reflectd_update_errors_total", "Malformed UPDATEs by what was done about them (RFC 7606)."),
  gauge("reflectd_prefixes", "Prefixes with at least one path."),
  gauge("reflectd_paths", "Paths held."),
  gauge("reflectd_attribute_sets", "Distinct sets of path attributes held."),
  gauge("reflectd_update_groups", "Update groups: peers that are told the same."),
  gauge("reflectd_group_lag_prefixes", "Prefixes that wait for the slowest member of the group."),
  gauge("reflectd_detached_members", "Peers too slow for their group, fed apart."),
  counter("reflectd_routes_too_long_total", "Routes not advertised because they exceed the message size."),
  counter("reflectd_connections_refused_total", "Inbound connections refused, by reason."),
  histogram("reflectd_convergence_seconds", "From a change received until every member was woken to take it."),
  summary("reflectd_event_loop_delay_seconds", "How late the event loop served a timer since the start."),
  counter("reflectd_bugs_total", "Exceptions of reflectd itself that cost a session."),
  gauge("reflectd_kernel_routes", "Kernel routes by state."),
  counter("reflectd_kernel_errors_total", "Kernel route operations that failed, by errno."),
  gauge("reflectd_datastore_up", "1 while the datastore answers."),
  gauge("reflectd_datastore_faults", "Resources that were left out, by kind."),
  gauge("process_resident_memory_bytes", "Resident memory."),
  counter("process_cpu_seconds_total", "User and system CPU time."),
  gauge("process_start_time_seconds", "Start of the process since 1970."),
  gauge("process_open_fds", "Open file descriptors."),
  gauge("nodejs_heap_size_total_bytes", "Size of the JavaScript heap."),
  gauge("nodejs_heap_size_used_bytes", "Used part of the JavaScript heap."),
  gauge("nodejs_external_memory_bytes", "Memory outside the heap that JavaScript objects hold."),
  gauge("nodejs_eventloop_lag_mean_seconds", "Mean delay of the event loop since the start."),
  gauge("nodejs_eventloop_lag_max_seconds", "Largest delay of the event loop since the start."),
];

/** Content type of the text below. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Samples gathered in one turn of the event loop: thousands of peers have a hundred thousand. */
const SAMPLES_PER_SLICE = 1_000;

/**
 * The text of a scrape, in pieces: samples of one metric stand together under one HELP and TYPE. An empty piece ends a
 * slice of the gathering.
 */
export function* metricsText(samples: Iterable<MetricSample>): Generator<string> {
  const byRow = new Map<MetricRow | string, MetricSample[]>();
  let gathered = 0;
  for (const sample of samples) {
    if (++gathered % SAMPLES_PER_SLICE === 0) yield "";
    const key = rowOf(sample.name) ?? sample.name;
    const list = byRow.get(key);
    if (list === undefined) byRow.set(key, [sample]);
    else list.push(sample);
  }
  for (const key of [...METRICS, ...byRow.keys()]) {
    const list = byRow.get(key);
    if (list === undefined) continue;
    byRow.delete(key);
    yield typeof key === "string" ? `# TYPE ${key} untyped\n` : heading(key);
    for (const sample of list) yield sampleLine(sample);
  }
}

const ROWS: ReadonlyMap<string, MetricRow> = new Map(METRICS.flatMap((row) => namesOf(row).map((name) => [name, row])));

function rowOf(name: string): MetricRow | undefined {
  return ROWS.get(name);
}

/** Histograms and summaries have samples under derived names. */
function namesOf(row: MetricRow): string[] {
  if (row.type === "histogram") return ["_bucket", "_sum", "_count"].map((end) => row.name + end);
  if (row.type === "summary") return ["", "_sum", "_count"].map((end) => row.name + end);
  return [row.name];
}

function heading(row: MetricRow): string {
  const help = row.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${row.name} ${help}\n# TYPE ${row.name} ${row.type}\n`;
}

function sampleLine(sample: MetricSample): string {
  const labels = Object.entries(sample.labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `${sample.name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${numberText(sample.value)}\n`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\"", "\\\"").replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function gauge(name: string, help: string): MetricRow {
  return { name, type: "gauge", help };
}

function counter(name: string, help: string): MetricRow {
  return { name, type: "counter", help };
}

function histogram(name: string, help: string): MetricRow {
  return { name, type: "histogram", help };
}

function summary(name: string, help: string): MetricRow {
  return { name, type: "summary", help };
}
