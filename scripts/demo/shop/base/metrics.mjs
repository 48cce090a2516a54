// The shop's own Prometheus page: one counter, one histogram, facts about the process.

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

function labelText(labels) {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`)
    .join(",");
}

/** Counts finished requests and renders the page. */
export function createMetrics({ version, startedMs }) {
  const requests = new Map();
  const durations = new Map();

  function observe({ method, path, status, seconds }) {
    const counted = labelText({ method, path, status });
    requests.set(counted, (requests.get(counted) ?? 0) + 1);
    const timed = labelText({ method, path });
    const histogram = durations.get(timed) ?? { counts: BOUNDS.map(() => 0), sum: 0, count: 0 };
    BOUNDS.forEach((bound, index) => {
      if (seconds <= bound) histogram.counts[index] += 1;
    });
    histogram.sum += seconds;
    histogram.count += 1;
    durations.set(timed, histogram);
  }

  function histogramLines([labels, histogram]) {
    const name = "http_request_duration_seconds";
    return [
      ...BOUNDS.map((bound, index) => `${name}_bucket{${labels},le="${bound}"} ${histogram.counts[index]}`),
      `${name}_bucket{${labels},le="+Inf"} ${histogram.count}`,
      `${name}_sum{${labels}} ${histogram.sum}`,
      `${name}_count{${labels}} ${histogram.count}`,
    ];
  }

  function render() {
    const { user, system } = process.cpuUsage();
    return [
      "# HELP http_requests_total Finished requests.",
      "# TYPE http_requests_total counter",
      ...[...requests].map(([labels, count]) => `http_requests_total{${labels}} ${count}`),
      "# HELP http_request_duration_seconds Time from the request to the end of its answer.",
      "# TYPE http_request_duration_seconds histogram",
      ...[...durations].flatMap(histogramLines),
      "# TYPE process_start_time_seconds gauge",
      `process_start_time_seconds ${startedMs / 1000}`,
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
      "# TYPE process_cpu_seconds_total counter",
      `process_cpu_seconds_total ${(user + system) / 1e6}`,
      "# TYPE shop_build_info gauge",
      `shop_build_info{${labelText({ version })}} 1`,
      "",
    ].join("\n");
  }

  return { observe, render };
}
