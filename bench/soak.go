package main

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// soakScale is one turn of a workload in a soak: many short visits, not a measurement.
var soakScale = scale{conns: 500, secure: 50, crowd: 1000, receivers: 200, pairs: 50, askers: 50, rate: 1000, turn: 500 * time.Millisecond, settle: 100 * time.Millisecond, window: 100 * time.Millisecond}

// What a server may have more in the second half of a soak than in the first.
const (
	soakGrowth = 1.2
	soakSlack  = 8 << 20 // bytes
)

// filesPatience is how long the server may take to close what its visitors have left.
const filesPatience = 10 * time.Second

// soak puts one server through all workloads and misuse again and again. It is an error when the server ends, when file
// descriptors stay open, or when its memory is higher in the second half than in the first.
func soak(b rival.Server, d time.Duration, folder string) error {
	fmt.Printf("soak of %s for %v\n", b.Version, d)
	p, err := rival.Start(b, rival.BothBlocks, folder)
	if err != nil {
		return err
	}
	memory, err := revisit(p, d)
	if stopErr := p.Stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return err
	}
	return steady(memory)
}

// revisit prints a line a turn and gives back the server's memory after each.
func revisit(p *rival.Process, d time.Duration) (memory []int64, err error) {
	files, err := p.Files()
	if err != nil {
		return nil, err
	}
	fmt.Printf("%10s %6s %12s %12s\n", "time", "turn", "memory MiB", "CPU s")
	for begin := time.Now(); time.Since(begin) < d; {
		if err := revolve(p); err != nil {
			return nil, fmt.Errorf("turn %d: %w", len(memory)+1, err)
		}
		if err := awaitFiles(p, files); err != nil {
			return nil, err
		}
		now, err := p.Memory()
		if err != nil {
			return nil, err
		}
		cpu, err := p.CPU()
		if err != nil {
			return nil, err
		}
		memory = append(memory, now)
		fmt.Printf("%10v %6d %12.1f %12.1f\n", time.Since(begin).Round(time.Second), len(memory), float64(now)/(1<<20), cpu.Seconds())
	}
	return memory, nil
}

// steady compares the highest memory of both halves.
func steady(memory []int64) error {
	half := len(memory) / 2
	if half == 0 {
		return nil
	}
	first, second := slices.Max(memory[:half]), slices.Max(memory[half:])
	if float64(second) > float64(first)*soakGrowth+soakSlack {
		return fmt.Errorf("memory grew from %d MiB in the first half to %d MiB in the second", first>>20, second>>20)
	}
	return nil
}

// revolve is one turn.
func revolve(p *rival.Process) error {
	for _, w := range workloads() {
		if _, err := turnOnce(w, p, soakScale); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	for _, m := range misuses {
		for range 20 {
			if err := m.run(p); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	return nil
}

// awaitFiles waits until the server has at most a few more files open than n.
func awaitFiles(p *rival.Process, n int) error {
	const few = 4 // epoll sets, a log
	for end := time.Now().Add(filesPatience); ; time.Sleep(50 * time.Millisecond) {
		open, err := p.Files()
		if err != nil {
			return err
		}
		if open <= n+few {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d files are open %v after everybody left, %d were at the start", open, filesPatience, n)
		}
	}
}

// misuse is what a peer should not do. The server must outlive it; how it answers is not looked at.
type misuse struct {
	name string
	run  func(p *rival.Process) error
}

var misuses = []misuse{
	{"a silent socket", raw(load.TCP, nil)},
	{"half an upgrade", raw(load.WS, []byte("GET / HTTP/1.1\r\nHost: x\r\nUpgr"))},
	{"an upgrade with no end", raw(load.WS, append([]byte("GET / HTTP/1.1\r\nX: "), make([]byte, 64<<10)...))},
	{"an unknown operation", visitor(load.TCP, []byte("HELLO THERE\r\n"))},
	{"a line with no end", visitor(load.TCP, load.Noise(1, 64<<10)[0])},
	{"a frame of random bytes", visitor(load.WS, load.Noise(1, 4<<10)[0])},
	{"an unmasked frame", visitor(load.WS, []byte{0x82, 6, 'P', 'I', 'N', 'G', '\r', '\n'})},
	{"a frame that says it has 2^62 bytes", visitor(load.WS, []byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5})},
	{"broken deflate", visitor(load.Deflate, []byte{0xc2, 0x82, 0, 0, 0, 0, 0x07, 0xff})},
	{"a receiver that does not read", deaf},
}

// raw sends bytes on a bare socket and leaves with a reset.
func raw(via load.Transport, b []byte) func(p *rival.Process) error {
	return func(p *rival.Process) error {
		fd, err := load.Dial(p.Ports[via])
		if err != nil {
			return err
		}
		_ = load.Transmit(fd, b) // the server may well have closed
		_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		return syscall.Close(fd)
	}
}

// visitor connects as it should, sends bytes as they are, reads what comes at once, and leaves.
func visitor(via load.Transport, b []byte) func(p *rival.Process) error {
	return func(p *rival.Process) error {
		c, err := load.Connect(p.Ports, via, load.Hello{Ops: "SUB " + feed + " 1\r\n"})
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SendRaw(b)
		_ = c.Sip(64<<10, 20*time.Millisecond)
		return nil
	}
}

// deaf subscribes, is sent 8 MiB, reads nothing, and leaves.
func deaf(p *rival.Process) error {
	receiver, err := load.Connect(p.Ports, load.WS, load.Hello{Ops: "SUB deaf 1\r\n"})
	if err != nil {
		return err
	}
	defer receiver.Close()
	publisher, err := load.Connect(p.Ports, load.WS, load.Hello{})
	if err != nil {
		return err
	}
	defer publisher.Close()
	for _, body := range load.Noise(8, 1<<20) {
		if err := publisher.Send(load.AppendPub(nil, "deaf", "", body)); err != nil {
			return err
		}
	}
	if err := publisher.Send([]byte("PING\r\n")); err != nil {
		return err
	}
	return publisher.AwaitPong()
}
