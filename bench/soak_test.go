package main

import (
	"testing"

	"weir/bench/load"
	"weir/bench/rival"
)

func TestServerOutlivesMisuse(t *testing.T) {
	p := startServer(t, weir, rival.BothBlocks)
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range misuses {
		if err := m.run(p); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
	if err := awaitFiles(p, files); err != nil {
		t.Error(err)
	}
	for _, via := range []load.Transport{load.WS, load.WSS} {
		if _, err := turnOnce(timed("pairs", pairs{via: via, size: 64, flight: 1}), p, tiny); err != nil {
			t.Errorf("a workload after all that: %v", err)
		}
	}
}

func TestSteady(t *testing.T) {
	const mib = 1 << 20
	for _, memory := range [][]int64{nil, {9 * mib}, {20 * mib, 30 * mib, 25 * mib, 40 * mib}} {
		if err := steady(memory); err != nil {
			t.Errorf("%v: %v", memory, err)
		}
	}
	if err := steady([]int64{20 * mib, 30 * mib, 40 * mib, 50 * mib}); err == nil {
		t.Error("growth was not seen")
	}
}
