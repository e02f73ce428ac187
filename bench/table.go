package main

import (
	"weir/bench/load"
	"weir/bench/report"
)

// workloads is the list, in the order of the table, with what each should come to.
func workloads() []workload {
	const (
		tcp     = load.TCP
		ws      = load.WS
		deflate = load.Deflate
		wss     = load.WSS
	)
	times, atMost := report.Times, report.AtMost
	return []workload{
		patient("idle ws", idle{via: ws, messages: 1, size: 128}, atMost("memory", 2)),
		patient("idle ws deflate", idle{via: deflate, messages: 3, size: 16 << 10}, atMost("memory after traffic", 2.5)),
		patient("idle tcp", idle{via: tcp, messages: 1, size: 128}, atMost("memory", 2)),
		patient("idle wss", idle{via: wss, messages: 3, size: 1 << 10}, atMost("memory after traffic", 12)),
		patient("idle CPU", quiet{}, atMost("CPU", 2)),
		patient("memory given back", givenBack{}, atMost("memory", 120)),

		timed("fan-out ws 128 B", fanout{via: ws, size: 128, burst: 1}, times("CPU", 2.2)),
		timed("fan-out ws 1 KiB", fanout{via: ws, size: 1 << 10, burst: 1}, times("CPU", 2.6)),
		timed("fan-out ws 16 KiB", fanout{via: ws, size: 16 << 10, burst: 1}, times("CPU", 2.5)),
		timed("fan-out ws 128 B x16", fanout{via: ws, size: 128, burst: 16}, times("CPU", 3.3)),
		timed("fan-out ws 1 KiB x16", fanout{via: ws, size: 1 << 10, burst: 16}),

		timed("fan-out deflate 128 B", fanout{via: deflate, size: 128, burst: 1}, times("CPU", 3.3)),
		timed("fan-out deflate 1 KiB", fanout{via: deflate, size: 1 << 10, burst: 1}, times("CPU", 10)),
		timed("fan-out deflate 16 KiB", fanout{via: deflate, size: 16 << 10, burst: 1}, times("CPU", 28)),
		timed("fan-out deflate 128 B x16", fanout{via: deflate, size: 128, burst: 16}),
		timed("fan-out deflate 1 KiB x16", fanout{via: deflate, size: 1 << 10, burst: 16}, times("CPU", 25), times("wire", 1)),

		timed("fan-out wss 1 KiB", fanout{via: wss, size: 1 << 10, burst: 1}, times("CPU", 2.5)),

		timed("fan-out tcp 128 B", fanout{via: tcp, size: 128, burst: 1}, times("CPU", 2.3)),
		timed("fan-out tcp 128 B x16", fanout{via: tcp, size: 128, burst: 16}),

		timed("fan-out 10,000 ws 128 B", wide{}, times("CPU", 3), times("last delivery", 3)),
		timed("slow one among 1,000 ws", slow{}, atMost("p99 with ÷ without", 1.25)), // unchanged, but for what p99 wanders

		timed("ingest ws 128 B", ingest{via: ws, size: 128}, times("CPU", 2.8)),
		timed("ingest ws 8 KiB", ingest{via: ws, size: 8 << 10}, times("CPU", 1.5)),
		timed("ingest deflate 1 KiB", ingest{via: deflate, size: 1 << 10}, times("CPU", 2)),
		timed("ingest tcp 128 B", ingest{via: tcp, size: 128}, times("CPU", 2.8)),

		timed("pairs ws 64 B", pairs{via: ws, size: 64, flight: 1}, times("CPU", 2.3)),
		timed("pairs ws 64 B x64", pairs{via: ws, size: 64, flight: 64}, times("CPU", 3.5)),
		timed("pairs deflate 512 B", pairs{via: deflate, size: 512, flight: 1}, times("CPU", 3)),
		timed("pairs tcp 64 B", pairs{via: tcp, size: 64, flight: 1}),
		timed("pairs tcp 64 B x64", pairs{via: tcp, size: 64, flight: 64}, times("CPU", 3.5)),

		timed("request ws", request{via: ws}, times("CPU", 2.2), times("latency p50", 2.2), times("latency p99", 1)),

		timed("storm ws", storm{via: ws}, times("CPU", 2.5)),
		timed("storm ws deflate", storm{via: deflate}, times("CPU", 15)),
		timed("storm tcp", storm{via: tcp}, times("CPU", 2.5)),
		timed("storm wss", storm{via: wss}, times("CPU", 1.5)),
	}
}
