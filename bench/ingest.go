package main

import (
	"time"

	"weir/bench/load"
	"weir/bench/rival"
)

// ingest is one publisher whose messages nobody wants, each in a frame of its own, written in chunks of about 256 KiB with
// a PING behind. Over a compressing transport the messages are JSON, and compressed.
type ingest struct {
	via  load.Transport
	size int
}

const chunkSize = 256 << 10

func (w ingest) transport() load.Transport { return w.via }
func (w ingest) files(scale) int           { return 1 }

func (w ingest) open(p *rival.Process, _ scale) (session, error) {
	publisher, err := load.Connect(p.Ports, w.via, load.Hello{})
	if err != nil {
		return nil, err
	}
	bodies := load.Noise(variants, w.size)
	if w.via == load.Deflate {
		bodies = load.Documents(variants, w.size)
	}
	in := &intake{p: p, publisher: publisher}
	for ; len(in.chunk) < chunkSize; in.messages++ {
		in.chunk = publisher.Append(in.chunk, load.AppendPub(nil, "nobody.listens", "", bodies[in.messages%variants]))
	}
	in.chunk = publisher.Append(in.chunk, []byte("PING\r\n"))
	return in, nil
}

// intake is the session of ingest.
type intake struct {
	p         *rival.Process
	publisher *load.Client
	chunk     []byte
	messages  int // in chunk
}

func (in *intake) turn(d time.Duration) ([]measure, error) {
	cpu, err := clocked(in.p, "message", func() (int, error) {
		return repeat(d, func() (int, error) {
			if err := in.publisher.SendRaw(in.chunk); err != nil {
				return 0, err
			}
			return in.messages, in.publisher.AwaitPong()
		})
	})
	return []measure{cpu}, err
}

func (in *intake) close() { in.publisher.Close() }
